#include "audit/format/zip.h"

#include <algorithm>
#include <set>

#include "base/crc32.h"
#include "base/little_writer.h"

namespace parlour::audit {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034B50, kCentralSignature = 0x02014B50,
                        kEndSignature = 0x06054B50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr std::uint16_t kNeededPlain = 10, kNeededUsual = 20;
constexpr std::uint16_t kFlagUtf8 = 0x0800;
// 1980-01-01 00:00, the earliest that the format knows.
constexpr std::uint16_t kFixedTime = 0, kFixedDate = 0x0021;
// Made on UNIX, version 2.0; its owner may read and write: what common ZIP libraries write too.
constexpr std::uint16_t kMadeBy = 0x0314;
constexpr std::uint32_t kAttributes = 0x01800000;

// ZIP is little-endian, unlike everything else of ours.
class LittleReader {
 public:
  explicit LittleReader(ByteView view) : view_(view) {}
  std::uint16_t u16() { return static_cast<std::uint16_t>(take(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(take(4)); }

 private:
  // Callers give views of the fixed size of a record.
  std::uint64_t take(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{view_[at_ + i]} << (8 * i);
    at_ += size;
    return value;
  }
  ByteView view_;
  std::size_t at_ = 0;
};

// What both headers of a member say.
struct Common {
  std::uint16_t needed, flags, method, time, date;
  std::uint32_t crc32, packed_size, size;
  std::uint16_t name_size, extra_size;
  friend bool operator==(const Common&, const Common&) = default;
};
Common read_common(LittleReader& reader) {
  Common c;
  c.needed = reader.u16();
  c.flags = reader.u16();
  c.method = reader.u16();
  c.time = reader.u16();
  c.date = reader.u16();
  c.crc32 = reader.u32();
  c.packed_size = reader.u32();
  c.size = reader.u32();
  c.name_size = reader.u16();
  c.extra_size = reader.u16();
  return c;
}

// What only the directory says; the same for all members of one writer.
struct DirectoryOnly {
  std::uint16_t made_by, internal_attributes;
  std::uint32_t external_attributes;
  friend bool operator==(const DirectoryOnly&, const DirectoryOnly&) = default;
};

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

bool is_safe_member_name(std::string_view name) {
  if (name.empty() || name.size() > ZipLimits{}.name_bytes) return false;
  std::size_t part = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '/') {
      std::string_view text = name.substr(part, i - part);
      if (text.empty() || text == "." || text == "..") return false;
      part = i + 1;
      continue;
    }
    char c = name[i];
    bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                   c == '_' || c == '-';
    if (!allowed) return false;
  }
  return true;
}

Result<std::vector<ZipMember>, ZipFault> read_zip(ByteView container, const ZipLimits& limits) {
  auto refuse = [](std::uint64_t offset, std::string reason) {
    return fail(ZipFault{offset, std::move(reason)});
  };
  if (container.size() > limits.bytes) return refuse(0, "larger than a bundle may be");
  if (container.size() < kEndSize) return refuse(0, "too short for a ZIP container");

  // The end record stands at the very end, because a comment is not allowed.
  std::uint64_t end_at = container.size() - kEndSize;
  LittleReader end(container.subspan(end_at));
  if (end.u32() != kEndSignature) return refuse(end_at, "no ZIP end record at the end of the file");
  std::uint16_t disk = end.u16(), directory_disk = end.u16(), count_here = end.u16(), count = end.u16();
  std::uint32_t directory_size = end.u32(), directory_at = end.u32();
  std::uint16_t comment_size = end.u16();
  if (disk != 0 || directory_disk != 0 || count_here != count || comment_size != 0)
    return refuse(end_at, "an end record that this format does not have");
  if (count == 0 || count > limits.members) return refuse(end_at, "too many members, or none");
  if (std::uint64_t{directory_at} + directory_size != end_at)
    return refuse(end_at, "the directory does not reach to the end record");

  std::vector<ZipMember> members;
  members.reserve(count);
  std::vector<std::string> names;
  names.reserve(count);
  std::uint64_t at = directory_at, expected_local = 0;
  std::optional<DirectoryOnly> shared;
  for (std::uint16_t i = 0; i < count; ++i) {
    if (end_at - at < kCentralSize) return refuse(at, "the directory is cut short");
    LittleReader central(container.subspan(at, kCentralSize));
    if (central.u32() != kCentralSignature) return refuse(at, "no directory record where one must be");
    DirectoryOnly only;
    only.made_by = central.u16();
    Common common = read_common(central);
    std::uint16_t member_comment = central.u16(), member_disk = central.u16();
    only.internal_attributes = central.u16();
    only.external_attributes = central.u32();
    std::uint32_t local_at = central.u32();
    if (member_comment != 0 || member_disk != 0 || common.extra_size != 0)
      return refuse(at, "extra fields, comments and several disks are not allowed");
    if (common.method != 0 || common.packed_size != common.size)
      return refuse(at, "members must be stored, not compressed");
    if (common.needed != kNeededPlain && common.needed != kNeededUsual)
      return refuse(at, "a ZIP version that this format does not use");
    if ((common.flags & ~kFlagUtf8) != 0)
      return refuse(at, "encryption, descriptors and other flags are not allowed");
    if (!shared) shared = only;
    if (only != *shared) return refuse(at, "attributes differ between members");
    if (common.name_size > limits.name_bytes || end_at - at - kCentralSize < common.name_size)
      return refuse(at, "a member's name is too long");
    std::string name(as_text(container.subspan(at + kCentralSize, common.name_size)));
    if (!is_safe_member_name(name)) return refuse(at, "a member's name is not safe");
    names.push_back(lower(name));

    // The member itself: right after the one before, its header saying the same.
    if (local_at != expected_local) return refuse(at, "members do not lie end to end");
    std::uint64_t content_at = std::uint64_t{local_at} + kLocalSize + common.name_size;
    if (content_at > directory_at || common.size > directory_at - content_at)
      return refuse(at, "a member reaches into the directory");
    LittleReader local(container.subspan(local_at, kLocalSize));
    if (local.u32() != kLocalSignature) return refuse(local_at, "no member header where one must be");
    if (read_common(local) != common ||
        as_text(container.subspan(local_at + kLocalSize, common.name_size)) != name)
      return refuse(local_at, "the two headers of a member differ");
    members.push_back({std::move(name), container.subspan(content_at, common.size), common.crc32});
    expected_local = content_at + common.size;
    // Each header lies on pages of its own.
    if (limits.trim && i % 64 == 63) limits.trim();
    at += kCentralSize + common.name_size;
  }
  if (at != end_at) return refuse(at, "the directory has more than its records");
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    return refuse(directory_at, "two members of one name");
  if (expected_local != directory_at)
    return refuse(expected_local, "bytes between the members and the directory");
  return members;
}

bool crc_matches(const ZipMember& member) {
  return crc32(member.content) == member.crc32;
}

bool ZipWriter::add(std::string_view name, ByteView content) {
  ZipLimits limits;
  std::uint64_t after = out_.size() + kLocalSize + name.size() + content.size();
  std::uint64_t directory = directory_bytes_ + kCentralSize + name.size();
  if (!is_safe_member_name(name) || entries_.size() == limits.members ||
      after + directory + kEndSize > limits.bytes || !names_.insert(lower(name)).second)
    return false;
  directory_bytes_ = directory;
  Entry entry{std::string(name), crc32(content), static_cast<std::uint32_t>(content.size()),
              static_cast<std::uint32_t>(out_.size())};
  LittleWriter(out_)
      .u32(kLocalSignature)
      .u16(kNeededUsual)
      .u16(0)
      .u16(0)
      .u16(kFixedTime)
      .u16(kFixedDate)
      .u32(entry.crc32)
      .u32(entry.size)
      .u32(entry.size)
      .u16(static_cast<std::uint16_t>(name.size()))
      .u16(0);
  append(out_, name);
  append(out_, content);
  entries_.push_back(std::move(entry));
  return true;
}

Bytes ZipWriter::finish() {
  auto directory_at = static_cast<std::uint32_t>(out_.size());
  for (const Entry& entry : entries_) {
    LittleWriter(out_)
        .u32(kCentralSignature)
        .u16(kMadeBy)
        .u16(kNeededUsual)
        .u16(0)
        .u16(0)
        .u16(kFixedTime)
        .u16(kFixedDate)
        .u32(entry.crc32)
        .u32(entry.size)
        .u32(entry.size)
        .u16(static_cast<std::uint16_t>(entry.name.size()))
        .u16(0)
        .u16(0)
        .u16(0)
        .u16(0)
        .u32(kAttributes)
        .u32(entry.offset);
    append(out_, entry.name);
  }
  auto directory_size = static_cast<std::uint32_t>(out_.size()) - directory_at;
  auto count = static_cast<std::uint16_t>(entries_.size());
  LittleWriter(out_)
      .u32(kEndSignature)
      .u16(0)
      .u16(0)
      .u16(count)
      .u16(count)
      .u32(directory_size)
      .u32(directory_at)
      .u16(0);
  return std::move(out_);
}

}  // namespace parlour::audit
