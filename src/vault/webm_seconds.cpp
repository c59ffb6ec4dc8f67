#include "vault/webm_seconds.h"

#include <algorithm>
#include <bit>

namespace parlour::vault {
namespace {

// Elements that are entered; the content of all others is skipped.
constexpr std::uint32_t kSegment = 0x18538067, kInfo = 0x1549A966, kCluster = 0x1F43B675, kBlockGroup = 0xA0;
// Elements that are read.
constexpr std::uint32_t kTimestampScale = 0x2AD7B1, kTimestamp = 0xE7, kSimpleBlock = 0xA3, kBlock = 0xA1;

constexpr std::uint64_t kElementMax = std::uint64_t{1} << 40;
constexpr std::size_t kBlockHead = 3;  // a track number below 128 in one byte, and the relative time

// The length of an EBML number by its first byte: 1 to 8, 9 for none.
std::size_t length_of(std::uint8_t first) {
  return static_cast<std::size_t>(std::countl_zero(first)) + 1;
}

bool is_master(std::uint32_t id) {
  return id == kSegment || id == kInfo || id == kCluster || id == kBlockGroup;
}

std::uint64_t number_of(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

void WebmSeconds::take(ByteView bytes) {
  while (!bytes.empty() && !failed_) {
    if (state_ == State::kSkip) {
      const std::size_t skipped = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      bytes = bytes.subspan(skipped);
      position_ += skipped;
      left_ -= skipped;
      if (left_ == 0) state_ = State::kHead;
      continue;
    }
    ++position_;
    byte(bytes.front());
    bytes = bytes.subspan(1);
  }
}

void WebmSeconds::byte(std::uint8_t value) {
  if (state_ == State::kHead) {
    if (head_.empty()) element_ = position_ - 1;
    head_.push_back(value);
    const std::size_t id = length_of(head_[0]);
    if (id > 4) {
      failed_ = true;
    } else if (head_.size() > id) {
      const std::size_t size = length_of(head_[id]);
      if (size > 8)
        failed_ = true;
      else if (head_.size() == id + size)
        head_complete();
    }
    return;
  }
  content_.push_back(value);
  --left_;
  if (state_ == State::kNumber) {
    if (left_ > 0) return;
    const std::uint64_t number = number_of(content_);
    if (id_ == kTimestampScale) {
      scale_ns_ = number;
      failed_ = failed_ || number == 0 || number > 1'000'000'000;
    } else {
      cluster_time_ = number;
      failed_ = failed_ || number > kElementMax;
    }
    state_ = State::kHead;
  } else if (content_.size() == kBlockHead) {
    block(static_cast<std::int16_t>(content_[1] << 8 | content_[2]));
    state_ = left_ > 0 ? State::kSkip : State::kHead;
  }
}

void WebmSeconds::head_complete() {
  const std::size_t id_length = length_of(head_[0]);
  id_ = static_cast<std::uint32_t>(number_of(ByteView(head_).first(id_length)));
  const ByteView size = ByteView(head_).subspan(id_length);
  const std::uint64_t unknown = (std::uint64_t{1} << (7 * size.size())) - 1;
  left_ = number_of(size) & unknown;
  const bool is_unknown = left_ == unknown;
  head_.clear();
  content_.clear();
  segment_ = segment_ || id_ == kSegment;
  if (is_master(id_)) {
    state_ = State::kHead;  // its children come next
  } else if (is_unknown || left_ > kElementMax) {
    failed_ = true;
  } else if (id_ == kTimestamp || id_ == kTimestampScale) {
    state_ = State::kNumber;
    failed_ = left_ == 0 || left_ > 8;
  } else if (id_ == kSimpleBlock || id_ == kBlock) {
    state_ = State::kBlock;
    failed_ = left_ < kBlockHead;
  } else {
    state_ = left_ > 0 ? State::kSkip : State::kHead;
  }
}

// `position_` is behind the block's head, `left_` what follows of it.
void WebmSeconds::block(std::int16_t relative) {
  // A track number of two bytes and more would put the time elsewhere; the muxer's files have two tracks.
  if ((content_[0] & 0x80) == 0) {
    failed_ = true;
    return;
  }
  const std::int64_t ticks = std::max<std::int64_t>(0, static_cast<std::int64_t>(cluster_time_) + relative);
  const std::uint64_t ticks_a_second = 1'000'000'000 / scale_ns_;
  const std::uint64_t second = static_cast<std::uint64_t>(ticks) / std::max<std::uint64_t>(1, ticks_a_second);
  if (second >= kSecondsMax) {
    failed_ = true;
    return;
  }
  if (seconds_.size() <= second) seconds_.resize(second + 1);
  ByteSpan& span = seconds_[second];
  span.from = span.to == 0 ? element_ : std::min(span.from, element_);
  span.to = std::max(span.to, position_ + left_);
}

std::optional<std::vector<ByteSpan>> WebmSeconds::finish() {
  if (failed_ || !segment_ || state_ != State::kHead || !head_.empty()) return std::nullopt;
  return std::move(seconds_);
}

}  // namespace parlour::vault
