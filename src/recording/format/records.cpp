#include "recording/format/records.h"

#include <cassert>

namespace parlour::recording {
namespace {

std::uint64_t us(SteadyTime time) {
  return static_cast<std::uint64_t>(time.us);
}
std::uint64_t us(UtcTime time) {
  return static_cast<std::uint64_t>(time.us);
}
SteadyTime steady(std::uint64_t value) {
  return {static_cast<std::int64_t>(value)};
}
UtcTime utc(std::uint64_t value) {
  return {static_cast<std::int64_t>(value)};
}

// Writes type and length before the body that `body` appends.
template <class Body>
void encode_record(Bytes& out, RecordType type, std::size_t size, Body body) {
  assert(size <= kRecordBodyMax);
  // No reserve(): it grows a vector to just that size, and a queue of records would be copied whole for each
  // new one.
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(type)).u24(static_cast<std::uint32_t>(size));
  body(writer);
}

bool known(StreamSlot slot) {
  return static_cast<std::uint8_t>(slot) <= 2;
}
bool known(StreamCodec codec) {
  return codec == StreamCodec::kOpus || codec == StreamCodec::kVp8;
}

constexpr std::size_t kPacketFixed = 4 + 8 + 8 + 2;

}  // namespace

void encode(Bytes& out, const PacketRecord& record) {
  encode_record(out, RecordType::kPacket, kPacketFixed + record.rtp_header.size() + record.payload.size(),
                [&](Writer& writer) {
                  writer.u32(record.stream)
                      .u64(record.sequence)
                      .u64(us(record.arrival))
                      .u16(static_cast<std::uint16_t>(record.rtp_header.size()))
                      .bytes(record.rtp_header)
                      .bytes(record.payload);
                });
}

void encode(Bytes& out, const SenderReportRecord& record) {
  encode_record(out, RecordType::kSenderReport, 4 + 4 + 8 + 8, [&](Writer& writer) {
    writer.u32(record.stream).u32(record.rtp_time).u64(record.ntp).u64(us(record.arrival));
  });
}

void encode(Bytes& out, const StreamAddedRecord& record) {
  encode_record(out, RecordType::kStreamAdded, 4 + 8 + 1 + 1 + 1 + 4 + 4 + 8, [&](Writer& writer) {
    writer.u32(record.stream)
        .u64(record.endpoint)
        .u8(record.sender_index)
        .u8(static_cast<std::uint8_t>(record.slot))
        .u8(static_cast<std::uint8_t>(record.codec))
        .u32(record.ssrc)
        .u32(record.clock_rate)
        .u64(us(record.at));
  });
}

void encode(Bytes& out, const StreamRemovedRecord& record) {
  encode_record(out, RecordType::kStreamRemoved, 4 + 8,
                [&](Writer& writer) { writer.u32(record.stream).u64(us(record.at)); });
}

void encode(Bytes& out, const AnnouncementRecord& record) {
  encode_record(out, RecordType::kAnnouncement, 8 + record.message.size(),
                [&](Writer& writer) { writer.u64(us(record.at)).bytes(record.message); });
}

void encode(Bytes& out, const MarkRecord& record) {
  encode_record(out, RecordType::kMark, 1 + 8 + 8 + record.note.size(), [&](Writer& writer) {
    writer.u8(static_cast<std::uint8_t>(record.kind))
        .u64(us(record.at))
        .u64(us(record.utc))
        .bytes(record.note);
  });
}

void encode(Bytes& out, const TickRecord& record) {
  encode_record(out, RecordType::kTick, 8 + 8,
                [&](Writer& writer) { writer.u64(us(record.at)).u64(us(record.utc)); });
}

Result<Record, RecordError> decode_record(Reader& reader) {
  const std::uint8_t type = reader.u8();
  const std::uint32_t size = reader.u24();
  if (reader.failed()) return fail(RecordError::kTruncated);
  if (size > kRecordBodyMax) return fail(RecordError::kTooLong);
  ByteView whole = reader.take(size);
  if (reader.failed()) return fail(RecordError::kTruncated);
  Reader body(whole);
  switch (static_cast<RecordType>(type)) {
    case RecordType::kPacket: {
      PacketRecord record;
      record.stream = body.u32();
      record.sequence = body.u64();
      record.arrival = steady(body.u64());
      record.rtp_header = body.take(body.u16());
      record.payload = body.rest();
      if (body.failed() || record.rtp_header.size() < 12) return fail(RecordError::kBadBody);
      return Record(record);
    }
    case RecordType::kSenderReport: {
      SenderReportRecord record;
      record.stream = body.u32();
      record.rtp_time = body.u32();
      record.ntp = body.u64();
      record.arrival = steady(body.u64());
      if (!body.done()) return fail(RecordError::kBadBody);
      return Record(record);
    }
    case RecordType::kStreamAdded: {
      StreamAddedRecord record;
      record.stream = body.u32();
      record.endpoint = body.u64();
      record.sender_index = body.u8();
      record.slot = static_cast<StreamSlot>(body.u8());
      record.codec = static_cast<StreamCodec>(body.u8());
      record.ssrc = body.u32();
      record.clock_rate = body.u32();
      record.at = steady(body.u64());
      if (!body.done() || !known(record.slot) || !known(record.codec) || record.clock_rate == 0)
        return fail(RecordError::kBadBody);
      return Record(record);
    }
    case RecordType::kStreamRemoved: {
      StreamRemovedRecord record;
      record.stream = body.u32();
      record.at = steady(body.u64());
      if (!body.done()) return fail(RecordError::kBadBody);
      return Record(record);
    }
    case RecordType::kAnnouncement: {
      AnnouncementRecord record;
      record.at = steady(body.u64());
      record.message = body.rest();
      if (body.failed() || record.message.empty()) return fail(RecordError::kBadBody);
      return Record(record);
    }
    case RecordType::kMark: {
      MarkRecord record;
      const std::uint8_t kind = body.u8();
      record.kind = static_cast<MarkKind>(kind);
      record.at = steady(body.u64());
      record.utc = utc(body.u64());
      record.note = body.rest();
      if (body.failed() || kind < 1 || kind > 5) return fail(RecordError::kBadBody);
      return Record(record);
    }
    case RecordType::kTick: {
      TickRecord record;
      record.at = steady(body.u64());
      record.utc = utc(body.u64());
      if (!body.done()) return fail(RecordError::kBadBody);
      return Record(record);
    }
  }
  return Record(UnknownRecord{type, size});
}

}  // namespace parlour::recording
