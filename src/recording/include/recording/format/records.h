// What a sealed log holds: typed records, in the order in which they came to the recorder.
//
//   u8 type | u24 length | body …                                  (integers big-endian, times in µs)
//
// Bodies are fixed per type (records.cpp); unknown types are skipped by readers and named, so that a later
// version can add one. Views in decoded records point into the source. Any thread.
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace parlour::recording {

// Values of media's Slot and Codec; repeated here because the vault may not see media.
enum class StreamSlot : std::uint8_t { kMicrophone = 0, kCamera = 1, kScreen = 2 };
enum class StreamCodec : std::uint8_t { kOpus = 1, kVp8 = 2 };

enum class RecordType : std::uint8_t {
  kPacket = 1,
  kSenderReport = 2,
  kStreamAdded = 3,
  kStreamRemoved = 4,
  kAnnouncement = 5,
  kMark = 6,
  kTick = 7,
};

enum class MarkKind : std::uint8_t { kPause = 1, kResume = 2, kConsent = 3, kGap = 4, kChapter = 5 };

struct PacketRecord {
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;  // RTP sequence number extended by roll-overs
  SteadyTime arrival;
  ByteView rtp_header;  // as received, extensions included
  ByteView payload;
};
struct SenderReportRecord {
  std::uint32_t stream = 0;
  std::uint32_t rtp_time = 0;
  std::uint64_t ntp = 0;  // RFC 3550 section 4, sender's clock
  SteadyTime arrival;
};
struct StreamAddedRecord {
  std::uint32_t stream = 0;  // unique within a part; another part may use the number again
  std::uint64_t endpoint = 0;
  std::uint8_t sender_index = 0;  // the Roster's idx
  StreamSlot slot = StreamSlot::kMicrophone;
  StreamCodec codec = StreamCodec::kOpus;
  std::uint32_t ssrc = 0;
  std::uint32_t clock_rate = 0;  // Hz
  SteadyTime at;
};
struct StreamRemovedRecord {
  std::uint32_t stream = 0;
  SteadyTime at;
};
// A signed message of e2ee.md 3 as it was sent: the JSON text {t, k, b, s}.
struct AnnouncementRecord {
  SteadyTime at;
  ByteView message;
};
struct MarkRecord {
  MarkKind kind = MarkKind::kChapter;
  SteadyTime at;
  UtcTime utc;
  ByteView note;  // a short ASCII reason code, never free text
};
// Twice a second, in pauses and silence too: quiet is never mistaken for failure. Ties the node's clocks
// together.
struct TickRecord {
  SteadyTime at;
  UtcTime utc;
};
struct UnknownRecord {
  std::uint8_t type = 0;
  std::size_t size = 0;
};

using Record = std::variant<PacketRecord, SenderReportRecord, StreamAddedRecord, StreamRemovedRecord,
                            AnnouncementRecord, MarkRecord, TickRecord, UnknownRecord>;

constexpr std::size_t kRecordHeaderSize = 4;
// Larger than any RTP packet and any signed message (64 KiB of signalling).
constexpr std::size_t kRecordBodyMax = 96 * 1024;

void encode(Bytes& out, const PacketRecord& record);
void encode(Bytes& out, const SenderReportRecord& record);
void encode(Bytes& out, const StreamAddedRecord& record);
void encode(Bytes& out, const StreamRemovedRecord& record);
void encode(Bytes& out, const AnnouncementRecord& record);
void encode(Bytes& out, const MarkRecord& record);
void encode(Bytes& out, const TickRecord& record);

enum class RecordError { kTruncated, kTooLong, kBadBody };

// Takes the next record from the reader. After an error the reader's place is not meaningful.
Result<Record, RecordError> decode_record(Reader& reader);

}  // namespace parlour::recording
