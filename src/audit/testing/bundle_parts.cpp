#include "testing/bundle_parts.h"

#include <algorithm>
#include <stdexcept>

#include "audit/format/bundle.h"
#include "audit/format/checkpoint.h"
#include "audit/format/zip.h"
#include "testing/sample_log.h"

namespace parlour::audit::testing {

BundleParts BundleParts::unpack(ByteView bundle) {
  auto read = read_zip(bundle);
  if (!read) throw std::runtime_error("not a bundle: " + read.error().reason);
  BundleParts parts;
  for (const ZipMember& member : *read) {
    parts.members.emplace_back(member.name, Bytes());
    if (member.name != kEntriesName) {
      parts.members.back().second = to_bytes(member.content);
      continue;
    }
    std::string_view text = as_text(member.content);
    while (!text.empty()) {
      std::size_t end = text.find('\n');
      parts.entries.push_back(to_bytes(text.substr(0, end)));
      text.remove_prefix(end + 1);
    }
  }
  return parts;
}

Bytes BundleParts::pack() const {
  ZipWriter zip;
  for (const auto& [name, bytes] : members)
    if (!zip.add(name, name == kEntriesName ? entries_jsonl(entries) : bytes))
      throw std::runtime_error("cannot pack " + name);
  return zip.finish();
}

Bytes& BundleParts::get(std::string_view name) {
  for (auto& [member, bytes] : members)
    if (member == name) return bytes;
  throw std::runtime_error("no member " + std::string(name));
}

void BundleParts::set(std::string_view name, Bytes bytes) {
  for (auto& [member, old] : members)
    if (member == name) {
      old = std::move(bytes);
      return;
    }
  members.emplace_back(std::string(name), std::move(bytes));
}

void BundleParts::erase(std::string_view name) {
  std::erase_if(members, [&](const auto& member) { return member.first == name; });
}

void BundleParts::replace_head(std::string_view note) {
  std::erase_if(members, [](const auto& member) {
    return member.first.substr(0, kCheckpointFolder.size()) == kCheckpointFolder;
  });
  auto checkpoint = parse_checkpoint_text(parse_note(note)->text);
  members.emplace_back(std::string(kCheckpointFolder) + std::to_string(checkpoint->size), to_bytes(note));
}

}  // namespace parlour::audit::testing
