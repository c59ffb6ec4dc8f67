#include "rtc/stun.h"

#include <algorithm>

#include "base/crc32.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

namespace parlour::rtc {

namespace {

constexpr std::size_t kIntegritySize = 20;
constexpr std::uint32_t kFingerprintMask = 0x5354554E;

constexpr std::uint16_t value_of(StunAttribute type) {
  return static_cast<std::uint16_t>(type);
}

bool is_known(std::uint16_t type) {
  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::kMappedAddress:
    case StunAttribute::kUsername:
    case StunAttribute::kMessageIntegrity:
    case StunAttribute::kErrorCode:
    case StunAttribute::kUnknownAttributes:
    case StunAttribute::kRealm:
    case StunAttribute::kNonce:
    case StunAttribute::kMessageIntegritySha256:
    case StunAttribute::kXorMappedAddress:
    case StunAttribute::kPriority:
    case StunAttribute::kUseCandidate:
    case StunAttribute::kSoftware:
    case StunAttribute::kFingerprint:
    case StunAttribute::kIceControlled:
    case StunAttribute::kIceControlling:
      return true;
  }
  return false;
}

bool has_good_size(std::uint16_t type, std::size_t size) {
  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::kUsername:
      return size <= 513;  // RFC 8489 14.3: fewer than 509 bytes, and room for old peers
    case StunAttribute::kMessageIntegrity:
      return size == kIntegritySize;
    case StunAttribute::kPriority:
    case StunAttribute::kFingerprint:
      return size == 4;
    case StunAttribute::kUseCandidate:
      return size == 0;
    case StunAttribute::kIceControlled:
    case StunAttribute::kIceControlling:
      return size == 8;
    case StunAttribute::kErrorCode:
      return size >= 4;
    case StunAttribute::kMappedAddress:
    case StunAttribute::kXorMappedAddress:
      return size == 8 || size == 20;
    default:
      return true;
  }
}

std::uint16_t type_field(StunClass message_class, std::uint16_t method) {
  // RFC 8489 figure 3: M11..M7 C1 M6..M4 C0 M3..M0.
  const auto bits = static_cast<std::uint16_t>(message_class);
  return static_cast<std::uint16_t>((method & 0x0F) | (bits & 1) << 4 | (method & 0x70) << 1 |
                                    (bits & 2) << 7 | (method & 0xF80) << 2);
}

// The header with a length field that ends `size` bytes after it (RFC 8489 14.5, 14.7).
ByteArray<kStunHeaderSize> header_with_length(ByteView message, std::size_t size) {
  ByteArray<kStunHeaderSize> header;
  std::copy_n(message.begin(), kStunHeaderSize, header.begin());
  store_u16(&header[2], static_cast<std::uint16_t>(size));
  return header;
}

}  // namespace

std::string_view to_text(StunError error) {
  switch (error) {
    case StunError::kTooShort:
      return "too short";
    case StunError::kTooLong:
      return "too long";
    case StunError::kNotStun:
      return "not STUN";
    case StunError::kBadLength:
      return "bad length";
    case StunError::kBadAttribute:
      return "bad attribute";
    case StunError::kTooManyAttributes:
      return "too many attributes";
    case StunError::kBadFingerprint:
      return "bad fingerprint";
  }
  return "unknown";
}

Result<StunMessage, StunError> StunMessage::parse(ByteView datagram) {
  if (datagram.size() < kStunHeaderSize) return fail(StunError::kTooShort);
  if (datagram.size() > kStunMaxSize) return fail(StunError::kTooLong);
  const std::uint16_t type = load_u16(&datagram[0]);
  if ((type & 0xC000) != 0 || load_u32(&datagram[4]) != kStunMagicCookie) return fail(StunError::kNotStun);
  const std::size_t length = load_u16(&datagram[2]);
  if (length % 4 != 0 || length + kStunHeaderSize != datagram.size()) return fail(StunError::kBadLength);

  StunMessage message(datagram);
  message.class_ = static_cast<StunClass>((type >> 4 & 1) | (type >> 7 & 2));
  message.method_ = static_cast<std::uint16_t>((type & 0x0F) | (type >> 1 & 0x70) | (type >> 2 & 0xF80));
  const auto attributes = message.read_attributes();
  if (!attributes) return fail(attributes.error());
  return message;
}

Result<void, StunError> StunMessage::read_attributes() {
  Reader reader(datagram_);
  reader.skip(kStunHeaderSize);
  while (reader.remaining() > 0) {
    const std::size_t offset = datagram_.size() - reader.remaining();
    const std::uint16_t type = reader.u16();
    const std::uint16_t size = reader.u16();
    reader.skip((std::size_t{size} + 3) / 4 * 4);
    if (reader.failed()) return fail(StunError::kBadAttribute);
    if (has_fingerprint_) return fail(StunError::kBadFingerprint);  // it must be the last one
    if (attribute_count_ == kStunMaxAttributes) return fail(StunError::kTooManyAttributes);
    if (!has_good_size(type, size)) return fail(StunError::kBadAttribute);

    if (type == value_of(StunAttribute::kFingerprint)) {
      const std::uint32_t expected = crc32(datagram_.first(offset)) ^ kFingerprintMask;
      if (load_u32(&datagram_[offset + 4]) != expected) return fail(StunError::kBadFingerprint);
      has_fingerprint_ = true;
      continue;
    }
    if (integrity_offset_ != 0) continue;  // RFC 8489 14.5: not covered, so not looked at
    if (type == value_of(StunAttribute::kMessageIntegrity)) {
      integrity_offset_ = static_cast<std::uint16_t>(offset);
    } else if (type < 0x8000 && !is_known(type) && unknown_count_ < unknown_.size()) {
      unknown_[unknown_count_++] = type;
    }
    attributes_[attribute_count_++] = {type, static_cast<std::uint16_t>(offset + 4), size};
  }
  return {};
}

StunTransactionId StunMessage::transaction_id() const {
  StunTransactionId id;
  std::copy_n(datagram_.begin() + 8, id.size(), id.begin());
  return id;
}

std::optional<ByteView> StunMessage::find(StunAttribute type) const {
  for (std::size_t i = 0; i < attribute_count_; ++i) {
    const Attribute& attribute = attributes_[i];
    if (attribute.type == value_of(type)) return datagram_.subspan(attribute.offset, attribute.size);
  }
  return std::nullopt;
}

std::optional<std::string_view> StunMessage::username() const {
  const auto value = find(StunAttribute::kUsername);
  if (!value) return std::nullopt;
  return as_text(*value);
}

std::optional<std::uint32_t> StunMessage::priority() const {
  const auto value = find(StunAttribute::kPriority);
  if (!value) return std::nullopt;
  return Reader(*value).u32();
}

std::optional<std::uint64_t> StunMessage::ice_controlling() const {
  const auto value = find(StunAttribute::kIceControlling);
  if (!value) return std::nullopt;
  return Reader(*value).u64();
}

std::optional<std::uint64_t> StunMessage::ice_controlled() const {
  const auto value = find(StunAttribute::kIceControlled);
  if (!value) return std::nullopt;
  return Reader(*value).u64();
}

std::optional<Address> StunMessage::xor_mapped_address() const {
  const auto value = find(StunAttribute::kXorMappedAddress);
  if (!value) return std::nullopt;
  const std::uint8_t family = (*value)[1];
  const auto port = static_cast<std::uint16_t>(load_u16(&(*value)[2]) ^ kStunMagicCookie >> 16);
  // The mask is the magic cookie followed by the transaction id: header bytes 4..19.
  if (family == 1 && value->size() == 8) {
    ByteArray<4> ip;
    for (std::size_t i = 0; i < ip.size(); ++i) ip[i] = (*value)[4 + i] ^ datagram_[4 + i];
    return Address::v4(ip, port);
  }
  if (family == 2 && value->size() == 20) {
    ByteArray<16> ip;
    for (std::size_t i = 0; i < ip.size(); ++i) ip[i] = (*value)[4 + i] ^ datagram_[4 + i];
    return Address::v6(ip, port);
  }
  return std::nullopt;
}

std::optional<int> StunMessage::error_code() const {
  const auto value = find(StunAttribute::kErrorCode);
  if (!value) return std::nullopt;
  const int hundreds = (*value)[2] & 7;
  const int rest = (*value)[3];
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return hundreds * 100 + rest;
}

bool StunMessage::verify_integrity(ByteView key) const {
  if (integrity_offset_ == 0) return false;
  const std::size_t covered = integrity_offset_ + 4 + kIntegritySize - kStunHeaderSize;
  const auto header = header_with_length(datagram_, covered);
  const ByteView body = datagram_.subspan(kStunHeaderSize, integrity_offset_ - kStunHeaderSize);
  const ByteArray<20> expected = crypto::hmac_sha1(key, {header, body});
  return crypto::equal_constant_time(expected,
                                     datagram_.subspan(integrity_offset_ + std::size_t{4}, kIntegritySize));
}

StunBuilder::StunBuilder(StunClass message_class, std::uint16_t method,
                         const StunTransactionId& transaction_id) {
  out_.reserve(128);
  Writer(out_).u16(type_field(message_class, method)).u16(0).u32(kStunMagicCookie).bytes(transaction_id);
}

StunBuilder& StunBuilder::attribute(StunAttribute type, ByteView value, std::uint8_t padding) {
  Writer writer(out_);
  writer.u16(value_of(type)).u16(static_cast<std::uint16_t>(value.size())).bytes(value);
  while (out_.size() % 4 != 0) writer.u8(padding);
  store_u16(&out_[2], static_cast<std::uint16_t>(out_.size() - kStunHeaderSize));
  return *this;
}

StunBuilder& StunBuilder::username(std::string_view name) {
  return attribute(StunAttribute::kUsername, as_bytes(name));
}

StunBuilder& StunBuilder::priority(std::uint32_t value) {
  ByteArray<4> bytes;
  store_u32(bytes.data(), value);
  return attribute(StunAttribute::kPriority, bytes);
}

StunBuilder& StunBuilder::use_candidate() {
  return attribute(StunAttribute::kUseCandidate, {});
}

StunBuilder& StunBuilder::ice_controlling(std::uint64_t tie_breaker) {
  Bytes bytes;
  Writer(bytes).u64(tie_breaker);
  return attribute(StunAttribute::kIceControlling, bytes);
}

StunBuilder& StunBuilder::ice_controlled(std::uint64_t tie_breaker) {
  Bytes bytes;
  Writer(bytes).u64(tie_breaker);
  return attribute(StunAttribute::kIceControlled, bytes);
}

StunBuilder& StunBuilder::xor_mapped_address(const Address& address) {
  Bytes value;
  Writer writer(value);
  writer.u8(0).u8(address.is_v4() ? 1 : 2);
  writer.u16(static_cast<std::uint16_t>(address.port() ^ kStunMagicCookie >> 16));
  for (std::size_t i = 0; i < address.ip().size(); ++i) {
    writer.u8(static_cast<std::uint8_t>(address.ip()[i] ^ out_[4 + i]));
  }
  return attribute(StunAttribute::kXorMappedAddress, value);
}

StunBuilder& StunBuilder::error_code(int code, std::string_view reason) {
  Bytes value;
  Writer(value)
      .u16(0)
      .u8(static_cast<std::uint8_t>(code / 100))
      .u8(static_cast<std::uint8_t>(code % 100))
      .text(reason.substr(0, 127));
  return attribute(StunAttribute::kErrorCode, value);
}

StunBuilder& StunBuilder::unknown_attributes(std::span<const std::uint16_t> types) {
  Bytes value;
  for (const std::uint16_t type : types) Writer(value).u16(type);
  return attribute(StunAttribute::kUnknownAttributes, value);
}

Bytes StunBuilder::finish(ByteView integrity_key) {
  const auto header = header_with_length(out_, out_.size() + 4 + kIntegritySize - kStunHeaderSize);
  const ByteView body = ByteView(out_).subspan(kStunHeaderSize);
  attribute(StunAttribute::kMessageIntegrity, crypto::hmac_sha1(integrity_key, {header, body}));
  return finish_without_integrity();
}

Bytes StunBuilder::finish_without_integrity() {
  // The length already counts the fingerprint when the checksum is taken.
  const std::size_t covered = out_.size();
  store_u16(&out_[2], static_cast<std::uint16_t>(covered + 8 - kStunHeaderSize));
  ByteArray<4> value;
  store_u32(value.data(), crc32(ByteView(out_).first(covered)) ^ kFingerprintMask);
  attribute(StunAttribute::kFingerprint, value);
  return std::move(out_);
}

}  // namespace parlour::rtc
