#include "rtc/rtp.h"

namespace parlour::rtc {

namespace {

constexpr std::uint16_t kOneByteProfile = 0xBEDE;
constexpr std::uint16_t kTwoByteProfile = 0x1000;  // low four bits are free (RFC 8285 4.3)

// Calls visit(id, offset, size) for each element until it returns true. False: an element runs past the
// block.
template <class Visit>
bool for_each_extension(ByteView packet, const RtpHeader& header, Visit visit) {
  std::size_t at = header.extension_offset;
  const std::size_t end = at + header.extension_size;
  const bool one_byte = header.extension_form == RtpExtensionForm::kOneByte;
  if (!one_byte && header.extension_form != RtpExtensionForm::kTwoByte) return true;
  while (at < end) {
    if (packet[at] == 0) {  // filling between elements
      ++at;
      continue;
    }
    std::uint8_t id = 0;
    std::size_t size = 0;
    if (one_byte) {
      id = packet[at] >> 4;
      // RFC 8285 4.2: at id 15, and at id 0 with a length, reading stops and what came before counts.
      if (id == 15 || id == 0) return true;
      size = (packet[at] & 0x0Fu) + std::size_t{1};
      at += 1;
    } else {
      if (end - at < 2) return false;
      id = packet[at];
      size = packet[at + 1];
      at += 2;
    }
    if (size > end - at) return false;
    if (visit(id, at, size)) return true;
    at += size;
  }
  return true;
}

}  // namespace

std::string_view to_text(RtpError error) {
  switch (error) {
    case RtpError::kTooShort:
      return "too short";
    case RtpError::kBadVersion:
      return "bad version";
    case RtpError::kBadExtension:
      return "bad extension";
    case RtpError::kBadPadding:
      return "bad padding";
  }
  return "unknown";
}

Result<RtpHeader, RtpError> parse_rtp(ByteView packet) {
  if (packet.size() < kRtpFixedHeaderSize || packet.size() > 0xFFFF) return fail(RtpError::kTooShort);
  if (packet[0] >> 6 != 2) return fail(RtpError::kBadVersion);
  RtpHeader header;
  header.marker = (packet[1] & 0x80) != 0;
  header.payload_type = packet[1] & 0x7F;
  header.sequence = load_u16(&packet[2]);
  header.timestamp = load_u32(&packet[4]);
  header.ssrc = load_u32(&packet[8]);

  std::size_t size = kRtpFixedHeaderSize + 4 * std::size_t{packet[0] & 0x0Fu};
  if (size > packet.size()) return fail(RtpError::kTooShort);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() - size < 4) return fail(RtpError::kBadExtension);
    const std::uint16_t profile = load_u16(&packet[size]);
    const std::size_t extension_size = 4 * std::size_t{load_u16(&packet[size + 2])};
    size += 4;
    if (extension_size > packet.size() - size) return fail(RtpError::kBadExtension);
    header.extension_form = profile == kOneByteProfile              ? RtpExtensionForm::kOneByte
                            : (profile & 0xFFF0) == kTwoByteProfile ? RtpExtensionForm::kTwoByte
                                                                    : RtpExtensionForm::kOther;
    header.extension_offset = static_cast<std::uint16_t>(size);
    header.extension_size = static_cast<std::uint16_t>(extension_size);
    if (!for_each_extension(packet, header, [](auto, auto, auto) { return false; })) {
      return fail(RtpError::kBadExtension);
    }
    size += extension_size;
  }
  header.size = static_cast<std::uint16_t>(size);

  std::size_t payload_size = packet.size() - size;
  if ((packet[0] & 0x20) != 0) {
    if (payload_size == 0) return fail(RtpError::kBadPadding);
    header.padding_size = packet.back();
    if (header.padding_size == 0 || header.padding_size > payload_size) return fail(RtpError::kBadPadding);
    payload_size -= header.padding_size;
  }
  header.payload_size = static_cast<std::uint16_t>(payload_size);
  return header;
}

ByteView RtpHeader::extension(ByteView packet, std::uint8_t id) const {
  ByteView found;
  for_each_extension(packet, *this,
                     [&](std::uint8_t element_id, std::size_t offset, std::size_t element_size) {
                       if (element_id != id) return false;
                       found = packet.subspan(offset, element_size);
                       return true;
                     });
  return found;
}

MutableByteView RtpHeader::mutable_extension(MutableByteView packet, std::uint8_t id) const {
  const ByteView found = extension(packet, id);
  if (found.data() == nullptr) return {};
  return packet.subspan(static_cast<std::size_t>(found.data() - packet.data()), found.size());
}

std::size_t remove_padding(MutableByteView packet, RtpHeader& header) {
  packet[0] &= static_cast<std::uint8_t>(~0x20);
  header.padding_size = 0;
  return std::size_t{header.size} + header.payload_size;
}

std::size_t write_rtp_header(MutableByteView out, const RtpFields& fields,
                             std::span<const RtpExtensionValue> extensions) {
  std::size_t elements_size = 0;
  for (const RtpExtensionValue& extension : extensions) {
    if (extension.id < 1 || extension.id > 14 || extension.value.empty() || extension.value.size() > 16)
      return 0;
    elements_size += 1 + extension.value.size();
  }
  const std::size_t padded_size = (elements_size + 3) / 4 * 4;
  const std::size_t size = kRtpFixedHeaderSize + (extensions.empty() ? 0 : 4 + padded_size);
  if (out.size() < size) return 0;

  out[0] = extensions.empty() ? 0x80 : 0x90;
  out[1] = static_cast<std::uint8_t>((fields.marker ? 0x80 : 0) | (fields.payload_type & 0x7F));
  store_u16(&out[2], fields.sequence);
  store_u32(&out[4], fields.timestamp);
  store_u32(&out[8], fields.ssrc);
  if (extensions.empty()) return size;

  store_u16(&out[12], kOneByteProfile);
  store_u16(&out[14], static_cast<std::uint16_t>(padded_size / 4));
  std::size_t at = 16;
  for (const RtpExtensionValue& extension : extensions) {
    out[at++] = static_cast<std::uint8_t>(extension.id << 4 | (extension.value.size() - 1));
    std::copy(extension.value.begin(), extension.value.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    at += extension.value.size();
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + static_cast<std::ptrdiff_t>(size),
            std::uint8_t{0});
  return size;
}

}  // namespace parlour::rtc
