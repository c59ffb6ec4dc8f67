// STUN messages (RFC 8489) with the attributes of ICE (RFC 8445 section 7.1). Any thread.
//
// StunMessage is a view: the datagram must outlive it and stay unchanged. Attributes after MESSAGE-INTEGRITY
// are ignored (RFC 8489 14.5), a repeated attribute counts once, by its first place (section 14). FINGERPRINT
// is checked by parse() when present; integrity only by verify_integrity(), because the key depends on the
// user name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "rtc/address.h"

namespace parlour::rtc {

enum class StunClass : std::uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

constexpr std::uint16_t kStunBinding = 0x001;
constexpr std::uint32_t kStunMagicCookie = 0x2112A442;
constexpr std::size_t kStunHeaderSize = 20;
// A message longer than this is refused: binding checks of browsers have about 100 bytes.
constexpr std::size_t kStunMaxSize = 1280;
constexpr std::size_t kStunMaxAttributes = 32;

using StunTransactionId = ByteArray<12>;

enum class StunAttribute : std::uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kMessageIntegritySha256 = 0x001C,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kSoftware = 0x8022,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
};

enum class StunError : std::uint8_t {
  kTooShort,
  kTooLong,
  kNotStun,       // first two bits or the magic cookie
  kBadLength,     // length field: not a multiple of 4, or not the datagram's
  kBadAttribute,  // an attribute runs past the end, or a known one has a wrong length
  kTooManyAttributes,
  kBadFingerprint,  // present and wrong, or not last
};
std::string_view to_text(StunError error);

class StunMessage {
 public:
  static Result<StunMessage, StunError> parse(ByteView datagram);

  StunClass message_class() const { return class_; }
  std::uint16_t method() const { return method_; }
  StunTransactionId transaction_id() const;
  std::size_t size() const { return datagram_.size(); }  // bytes on the wire

  std::optional<std::string_view> username() const;
  std::optional<std::uint32_t> priority() const;
  bool use_candidate() const { return find(StunAttribute::kUseCandidate).has_value(); }
  std::optional<std::uint64_t> ice_controlling() const;  // the tie-breaker
  std::optional<std::uint64_t> ice_controlled() const;
  std::optional<Address> xor_mapped_address() const;
  std::optional<int> error_code() const;  // 300..699

  bool has_integrity() const { return integrity_offset_ != 0; }
  bool has_fingerprint() const { return has_fingerprint_; }
  // HMAC-SHA1 with the short-term key (the ICE password). False also when the attribute is absent. Constant
  // time.
  bool verify_integrity(ByteView key) const;

  // Comprehension-required attributes (0x0000..0x7FFF) that this code does not know; at most 8 are kept.
  std::span<const std::uint16_t> unknown_required() const { return {unknown_.data(), unknown_count_}; }

  // The value of the first attribute of that type, before or at the integrity.
  std::optional<ByteView> find(StunAttribute type) const;

 private:
  struct Attribute {
    std::uint16_t type;
    std::uint16_t offset;  // of the value
    std::uint16_t size;
  };
  explicit StunMessage(ByteView datagram) : datagram_(datagram) {}
  Result<void, StunError> read_attributes();

  ByteView datagram_;
  StunClass class_ = StunClass::kRequest;
  std::uint16_t method_ = 0;
  std::uint16_t integrity_offset_ = 0;  // of the attribute's header; 0: none
  bool has_fingerprint_ = false;
  std::uint8_t attribute_count_ = 0;
  std::uint8_t unknown_count_ = 0;
  std::array<Attribute, kStunMaxAttributes> attributes_;
  std::array<std::uint16_t, 8> unknown_{};
};

// Writes one message. Order of calls is order on the wire; finish() adds integrity and fingerprint and may be
// called once.
class StunBuilder {
 public:
  StunBuilder(StunClass message_class, std::uint16_t method, const StunTransactionId& transaction_id);

  StunBuilder& username(std::string_view name);
  StunBuilder& priority(std::uint32_t value);
  StunBuilder& use_candidate();
  StunBuilder& ice_controlling(std::uint64_t tie_breaker);
  StunBuilder& ice_controlled(std::uint64_t tie_breaker);
  StunBuilder& xor_mapped_address(const Address& address);
  StunBuilder& error_code(int code, std::string_view reason = "");
  StunBuilder& unknown_attributes(std::span<const std::uint16_t> types);
  // Any other attribute. The value is padded with `padding` to a multiple of 4 (RFC 8489 section 14: any
  // value).
  StunBuilder& attribute(StunAttribute type, ByteView value, std::uint8_t padding = 0);

  Bytes finish(ByteView integrity_key);  // MESSAGE-INTEGRITY, then FINGERPRINT
  Bytes finish_without_integrity();      // FINGERPRINT only

 private:
  Bytes out_;
};

}  // namespace parlour::rtc
