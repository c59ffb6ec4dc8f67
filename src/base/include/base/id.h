// Strong identifiers: UUIDv7 (RFC 9562 section 5.7) under distinct types, built through a check, converted
// explicitly.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace parlour {

// 16 bytes of a UUID and their text form (lower case, with hyphens).
std::string uuid_to_text(const ByteArray<16>& bytes);
std::optional<ByteArray<16>> uuid_from_text(std::string_view text);
ByteArray<16> make_uuid_v7(UtcTime now, Random& random);

// Tag is an empty struct that names the kind: `using MeetingId = Id<struct MeetingTag>;`.
template <class Tag>
class Id {
 public:
  static Id make(UtcTime now, Random& random) { return Id(make_uuid_v7(now, random)); }
  static std::optional<Id> from_text(std::string_view text) {
    auto bytes = uuid_from_text(text);
    if (!bytes) return std::nullopt;
    return Id(*bytes);
  }
  static Id from_bytes(const ByteArray<16>& bytes) { return Id(bytes); }

  std::string text() const { return uuid_to_text(bytes_); }
  const ByteArray<16>& bytes() const { return bytes_; }

  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  explicit Id(const ByteArray<16>& bytes) : bytes_(bytes) {}
  ByteArray<16> bytes_;
};

}  // namespace parlour

template <class Tag>
struct std::hash<parlour::Id<Tag>> {
  std::size_t operator()(const parlour::Id<Tag>& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes().data() + 8, sizeof value);  // the random half
    return value;
  }
};
