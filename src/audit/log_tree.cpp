#include "log_tree.h"

#include <algorithm>

namespace parlour::audit {
namespace {

constexpr unsigned kLevel = EntryBlocks::kLevel;
constexpr std::uint64_t kEntries = EntryBlocks::kEntries;

}  // namespace

std::optional<Hash256> LogTree::Block::node(unsigned level, std::uint64_t index) const {
  if (full.size() == 0) return part.node(level, index);
  if (level >= full.levels().size() || index >= full.levels()[level].size()) return std::nullopt;
  return full.levels()[level][index];
}

void LogTree::append(EntryBlock& block) {
  before_ = std::move(newest_);
  newest_ = Block();
  newest_.number = begins_.size();
  begins_.push_back(block.begin);
  if (block.subtree.size() > 0) {
    newest_.full = std::move(block.subtree);
    blocks_.append(newest_.full.levels().back().front());
    size_ += newest_.full.size();
  } else {
    for (const Hash256& leaf : block.leaves) newest_.part.append(leaf);
    size_ += block.leaves.size();
  }
}

void LogTree::read_on(std::size_t bytes) {
  constexpr std::size_t kTrimEvery = std::size_t{4} << 20;
  read_ += bytes;
  if (read_ < kTrimEvery) return;
  read_ = 0;
  if (trim_) trim_();
}

const LogTree::Block& LogTree::block(std::uint64_t number) {
  for (const Block* known : {&newest_, &before_, &asked_})
    if (known->number == number) return *known;
  asked_ = Block();
  asked_.number = number;
  std::size_t at = begins_[number];
  for (std::uint64_t i = 0; i < kEntries && at < text_.size(); ++i) {
    const LineEnd line = line_at(text_, at, trim_);
    asked_.part.append(leaf_of(line));
    at = line.next;
  }
  read_on(at - begins_[number]);
  return asked_;
}

const LogTree::Lines& LogTree::lines(std::uint64_t number) {
  if (lines_.number == number) return lines_;
  lines_.number = number;
  lines_.starts.clear();
  const std::size_t begin = begins_[number];
  std::size_t at = begin;
  while (lines_.starts.size() < kEntries && at < text_.size()) {
    // A block whose lines are longer than entries is no block of entries.
    lines_.starts.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(at - begin, UINT32_MAX)));
    at = line_at(text_, at, trim_).next;
  }
  read_on(at - begin);
  return lines_;
}

Hash256 LogTree::root(std::uint64_t size) {
  auto read = [this](unsigned level, std::uint64_t index) -> std::optional<Hash256> {
    if (level >= kLevel) return blocks_.node(level - kLevel, index);
    const std::uint64_t number = (index << level) / kEntries;
    return block(number).node(level, index - ((number * kEntries) >> level));
  };
  return root_from_nodes(size, read).value_or(Hash256{});
}

Hash256 LogTree::leaf(std::uint64_t position) {
  return block(position / kEntries).node(0, position % kEntries).value_or(Hash256{});
}

std::string_view LogTree::line(std::uint64_t position) {
  const Lines& in_block = lines(position / kEntries);
  const std::uint64_t index = position % kEntries;
  if (index >= in_block.starts.size()) return {};
  return line_at(text_, begins_[in_block.number] + in_block.starts[index], trim_).line;
}

}  // namespace parlour::audit
