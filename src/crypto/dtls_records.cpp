#include "dtls_records.h"

#include <algorithm>

namespace parlour::crypto {
namespace {

constexpr std::uint16_t kVersion10 = 0xFEFF;  // allowed in the record header of a first ClientHello only
constexpr std::uint16_t kVersion12 = 0xFEFD;

// Walks the handshake fragments of a clear record. False: not well-formed.
bool read_fragments(ByteView payload, DtlsRecord& record) {
  if (payload.empty()) return false;
  Reader reader(payload);
  while (!reader.done()) {
    reader.u8();  // msg_type: OpenSSL's state machine judges it
    std::uint32_t length = reader.u24();
    std::uint16_t sequence = reader.u16();
    std::uint32_t offset = reader.u24();
    std::uint32_t fragment = reader.u24();
    reader.skip(fragment);
    if (reader.failed() || length > kDtlsHandshakeMessageMax || offset > length ||
        fragment > length - offset || (fragment == 0 && length != 0) || sequence > kDtlsMessageSequenceMax) {
      return false;
    }
    record.first_message = std::min(record.first_message.value_or(sequence), sequence);
    record.last_message = std::max(record.last_message.value_or(sequence), sequence);
  }
  return true;
}

bool well_formed(ByteView payload, DtlsRecord& record) {
  if (payload.empty() || payload.size() > kDtlsRecordPayloadMax) return false;
  if (record.epoch == 1) return record.type != DtlsContentType::kChangeCipherSpec;
  switch (record.type) {
    case DtlsContentType::kChangeCipherSpec:
      return payload.size() == 1 && payload[0] == 1;
    case DtlsContentType::kAlert:
      return payload.size() == 2 && (payload[0] == 1 || payload[0] == 2);
    case DtlsContentType::kHandshake:
      return read_fragments(payload, record);
    case DtlsContentType::kApplicationData:
      return false;  // never in clear
  }
  return false;
}

}  // namespace

std::optional<NextDtlsRecord> next_dtls_record(ByteView& datagram) {
  Reader reader(datagram);
  std::uint8_t type = reader.u8();
  std::uint16_t version = reader.u16();
  std::uint16_t epoch = reader.u16();
  reader.u48();
  std::uint16_t length = reader.u16();
  ByteView payload = reader.take(length);
  bool version_ok = version == kVersion12 || (version == kVersion10 && epoch == 0);
  if (reader.failed() || type < 20 || type > 23 || !version_ok || epoch > 1) {
    datagram = {};
    return std::nullopt;
  }
  NextDtlsRecord next{
      {static_cast<DtlsContentType>(type), epoch, datagram.first(kDtlsRecordHeaderSize + length), {}, {}},
      false};
  next.malformed = !well_formed(payload, next.record);
  datagram = datagram.subspan(kDtlsRecordHeaderSize + length);
  return next;
}

}  // namespace parlour::crypto
