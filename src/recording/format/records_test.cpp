#include "recording/format/records.h"

#include <gtest/gtest.h>

namespace parlour::recording {
namespace {

TEST(Records, EveryKindSurvivesTheRoundTrip) {
  const Bytes header(16, 1), payload(50, 2), message = to_bytes("{\"t\":\"x\"}");
  Bytes log;
  encode(log, PacketRecord{3, 1ull << 40, {123456789}, header, payload});
  encode(log, SenderReportRecord{3, 0xFFFFFFFF, 0x1122334455667788, {5}});
  encode(log, StreamAddedRecord{3, 99, 254, StreamSlot::kScreen, StreamCodec::kVp8, 0xDEADBEEF, 90000, {7}});
  encode(log, StreamRemovedRecord{3, {8}});
  encode(log, AnnouncementRecord{{9}, message});
  encode(log, MarkRecord{MarkKind::kPause, {10}, {11}, as_bytes("card")});
  encode(log, TickRecord{{12}, {13}});

  Reader reader(log);
  auto next = [&]() { return *decode_record(reader); };
  const auto packet = std::get<PacketRecord>(next());
  EXPECT_EQ(packet.stream, 3u);
  EXPECT_EQ(packet.sequence, 1ull << 40);
  EXPECT_EQ(packet.arrival.us, 123456789);
  EXPECT_TRUE(equal(packet.rtp_header, header));
  EXPECT_TRUE(equal(packet.payload, payload));
  EXPECT_EQ(std::get<SenderReportRecord>(next()).ntp, 0x1122334455667788u);
  const auto added = std::get<StreamAddedRecord>(next());
  EXPECT_EQ(added.sender_index, 254);
  EXPECT_EQ(added.slot, StreamSlot::kScreen);
  EXPECT_EQ(added.codec, StreamCodec::kVp8);
  EXPECT_EQ(added.clock_rate, 90000u);
  EXPECT_EQ(std::get<StreamRemovedRecord>(next()).at.us, 8);
  EXPECT_EQ(to_string(std::get<AnnouncementRecord>(next()).message), "{\"t\":\"x\"}");
  const auto mark = std::get<MarkRecord>(next());
  EXPECT_EQ(mark.kind, MarkKind::kPause);
  EXPECT_EQ(to_string(mark.note), "card");
  EXPECT_EQ(std::get<TickRecord>(next()).utc.us, 13);
  EXPECT_TRUE(reader.done());
}

TEST(Records, CutAnywhereIsRefusedAndUnknownTypesAreSkipped) {
  Bytes log;
  encode(log, SenderReportRecord{1, 2, 3, {4}});
  for (std::size_t size = 0; size < log.size(); ++size) {
    Reader reader(ByteView(log).first(size));
    EXPECT_FALSE(decode_record(reader)) << size;
  }
  Bytes later;
  Writer(later).u8(200).u24(3).text("abc");
  append(later, log);
  Reader reader(later);
  EXPECT_EQ(std::get<UnknownRecord>(*decode_record(reader)).type, 200);
  EXPECT_TRUE(std::holds_alternative<SenderReportRecord>(*decode_record(reader)));
}

TEST(Records, BodiesOutOfRangeAreRefused) {
  Bytes log;
  encode(log, StreamAddedRecord{3, 99, 254, StreamSlot::kScreen, StreamCodec::kVp8, 1, 90000, {7}});
  log[kRecordHeaderSize + 13] = 3;  // slot
  Reader slot(log);
  EXPECT_EQ(decode_record(slot).error(), RecordError::kBadBody);
  Bytes huge;
  Writer(huge).u8(1).u24(0xFFFFFF);
  Reader size(huge);
  EXPECT_EQ(decode_record(size).error(), RecordError::kTooLong);
}

}  // namespace
}  // namespace parlour::recording
