// The shape of DTLS 1.2 records (RFC 6347 4.1 and 4.2.2), checked before OpenSSL sees them. Private to
// src/crypto. No allocation, no state.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace parlour::crypto {

constexpr std::size_t kDtlsRecordHeaderSize = 13;
// No path that carries calls has larger datagrams; a peer that fragments for its MTU stays far below.
constexpr std::size_t kDtlsRecordPayloadMax = 2048;
constexpr std::size_t kDtlsHandshakeMessageMax = 16 * 1024;
constexpr std::uint16_t kDtlsMessageSequenceMax = 32;  // a full handshake uses at most 8 a side

enum class DtlsContentType : std::uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23
};

struct DtlsRecord {
  DtlsContentType type;
  std::uint16_t epoch;
  ByteView bytes;  // header and payload
  // Of the clear handshake fragments inside (epoch 0), the smallest and the largest message_seq.
  std::optional<std::uint16_t> first_message;
  std::optional<std::uint16_t> last_message;
};

// Takes the next record from the front of `datagram`. Nothing, and an emptied view, when the rest is no DTLS
// at all. A record with a valid frame and a malformed inside gives `malformed` = true, so that the next can
// still be read.
struct NextDtlsRecord {
  DtlsRecord record;
  bool malformed;
};
std::optional<NextDtlsRecord> next_dtls_record(ByteView& datagram);

}  // namespace parlour::crypto
