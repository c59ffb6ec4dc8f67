#include "zip_plan.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/little_writer.h"

namespace parlour::api {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034B50, kCentralSignature = 0x02014B50,
                        kEndSignature = 0x06054B50, kEnd64Signature = 0x06064B50,
                        kLocator64Signature = 0x07064B50;
constexpr std::uint16_t kVersion = 20, kVersion64 = 45, kExtra64 = 1;
constexpr std::uint16_t kMadeByUnix = 3 << 8;
constexpr std::uint32_t kAttributes = 0x01800000;   // its owner may read and write
constexpr std::uint16_t kTime = 0, kDate = 0x0021;  // 1980-01-01: the same recording gives the same bytes
constexpr std::uint64_t kMax32 = 0xFFFFFFFF, kMax16 = 0xFFFF;

// What does not fit stands in the 64-bit record.
std::uint64_t in_32(std::uint64_t value) {
  return std::min(value, kMax32);
}

}  // namespace

void ZipPlan::append_bytes(Bytes bytes) {
  if (bytes.empty()) return;
  const std::uint64_t size = bytes.size();
  stretches_.push_back({size_, size, std::make_shared<const Bytes>(std::move(bytes)), std::nullopt});
  size_ += size;
}

void ZipPlan::add_member(std::string_view name, std::uint64_t size, std::uint32_t crc32) {
  members_.push_back({std::string(name), size, size_, crc32});
  const bool large = size >= kMax32;
  Bytes header;
  LittleWriter little(header);
  little.u32(kLocalSignature).u16(large ? kVersion64 : kVersion).u16(0).u16(0).u16(kTime).u16(kDate);
  little.u32(crc32).u32(in_32(size)).u32(in_32(size)).u16(name.size()).u16(large ? 20 : 0);
  append(header, name);
  if (large) little.u16(kExtra64).u16(16).u64(size).u64(size);
  append_bytes(std::move(header));
}

void ZipPlan::add(std::string_view name, Bytes content) {
  add_member(name, content.size(), crc32(content));
  append_bytes(std::move(content));
}

void ZipPlan::add_outside(std::string_view name, std::uint64_t size, std::uint32_t crc32) {
  add_member(name, size, crc32);
  const std::size_t source = outside_++;
  if (size == 0) return;
  stretches_.push_back({size_, size, nullptr, source});
  size_ += size;
}

void ZipPlan::finish() {
  const std::uint64_t begin = size_;
  Bytes out;
  LittleWriter little(out);
  for (const Member& member : members_) {
    Bytes extra;
    LittleWriter large(extra);
    if (member.size >= kMax32) large.u64(member.size).u64(member.size);
    if (member.begin >= kMax32) large.u64(member.begin);
    little.u32(kCentralSignature).u16(kMadeByUnix | (extra.empty() ? kVersion : kVersion64));
    little.u16(extra.empty() ? kVersion : kVersion64).u16(0).u16(0).u16(kTime).u16(kDate).u32(member.crc32);
    little.u32(in_32(member.size)).u32(in_32(member.size)).u16(member.name.size());
    little.u16(extra.empty() ? 0 : extra.size() + 4).u16(0).u16(0).u16(0).u32(kAttributes);
    little.u32(in_32(member.begin));
    append(out, member.name);
    if (!extra.empty()) little.u16(kExtra64).u16(extra.size());
    append(out, extra);
  }
  const std::uint64_t directory = out.size();
  if (begin >= kMax32 || directory >= kMax32 || members_.size() >= kMax16) {
    little.u32(kEnd64Signature).u64(44).u16(kMadeByUnix | kVersion64).u16(kVersion64).u32(0).u32(0);
    little.u64(members_.size()).u64(members_.size()).u64(directory).u64(begin);
    little.u32(kLocator64Signature).u32(0).u64(begin + directory).u32(1);
  }
  const std::uint64_t count = std::min<std::uint64_t>(members_.size(), kMax16);
  little.u32(kEndSignature)
      .u16(0)
      .u16(0)
      .u16(count)
      .u16(count)
      .u32(in_32(directory))
      .u32(in_32(begin))
      .u16(0);
  append_bytes(std::move(out));
}

ZipPlan::Piece ZipPlan::at(std::uint64_t offset, std::uint64_t length) const {
  auto next = std::upper_bound(stretches_.begin(), stretches_.end(), offset,
                               [](std::uint64_t at, const Stretch& stretch) { return at < stretch.begin; });
  if (next == stretches_.begin()) return {};
  const Stretch& stretch = *std::prev(next);
  const std::uint64_t inside = offset - stretch.begin;
  if (inside >= stretch.size) return {};
  Piece piece;
  piece.size = std::min(length, stretch.size - inside);
  piece.source = stretch.source;
  piece.offset = inside;
  if (stretch.bytes)
    piece.bytes = ByteView(*stretch.bytes)
                      .subspan(static_cast<std::size_t>(inside), static_cast<std::size_t>(piece.size));
  return piece;
}

}  // namespace parlour::api
