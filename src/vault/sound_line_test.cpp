#include "vault/sound_line.h"

#include <gtest/gtest.h>

#include "vault/account.h"
#include "vault/opus_packet.h"

namespace parlour::vault {
namespace {

struct Written {
  std::int64_t at;
  Bytes frame;
};

struct Line {
  std::vector<Written> written;
  SoundLine sound{[this](std::int64_t at, ByteView frame) -> Result<void, VaultRefusal> {
    written.push_back({at, to_bytes(frame)});
    return {};
  }};
  void take(std::int64_t at_ms, std::uint8_t number = 1) {
    ASSERT_TRUE(sound.take(at_ms * 1000, Bytes{0x78, number}));  // SILK-only or CELT: 20 ms, one frame
  }
  // Each begins where the one before ends.
  void expect_without_holes() const {
    std::int64_t end = 0;
    for (const Written& one : written) {
      ASSERT_EQ(one.at, end);
      end += opus_duration(one.frame)->count();
    }
  }
  std::size_t silent() const {
    std::size_t count = 0;
    for (const Written& one : written) count += one.frame == to_bytes(kOpusSilence) ? 1 : 0;
    return count;
  }
};

TEST(FaultA2SoundLine, EachMissingFrameIsSilenceAndTheRestStaysInItsPlace) {
  Line line;
  std::size_t lost = 0;
  for (int i = 0; i < 3000; ++i) {
    if (i % 100 == 7 || (i >= 1500 && i < 1650)) {
      ++lost;
      continue;
    }
    line.take(7 + 20 * i);
  }
  line.expect_without_holes();
  EXPECT_EQ(line.written.size(), 3000u);
  EXPECT_EQ(line.silent(), lost);
  EXPECT_EQ(line.sound.filled_frames(), lost);
  EXPECT_EQ(line.sound.left_out_frames(), 0u);
  EXPECT_EQ(line.sound.filled().size(), 29u);  // 28 single ones outside of the cut, and the cut
  EXPECT_EQ(line.sound.filled()[15], (std::pair<std::int64_t, std::int64_t>{30'000'000, 33'000'000}));
}

TEST(FaultA2SoundLine, WhoComesLateBeginsWithSilenceFromTheOrigin) {
  Line line;
  line.take(90'004);
  line.take(90'024);
  line.expect_without_holes();
  EXPECT_EQ(line.written.size(), 4502u);
  EXPECT_EQ(line.sound.filled(), (std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 90'000'000}}));
}

TEST(FaultA2SoundLine, AClockThatDriftsNeverLeavesTheTimeByMoreThanAFrame) {
  for (const double ppm : {200.0, -200.0}) {
    Line line;
    for (int i = 0; i < 180'000; ++i) {  // an hour
      const auto at = static_cast<std::int64_t>(i * 20'000.0 * (1 + ppm * 1e-6));
      const std::size_t before = line.written.size();
      ASSERT_TRUE(line.sound.take(at, Bytes{0x78, 1}));
      if (line.written.size() > before) {
        ASSERT_LE(std::abs(line.written.back().at - at), 20'000) << i;
      }
    }
    line.expect_without_holes();
    EXPECT_NEAR(static_cast<double>(ppm > 0 ? line.sound.filled_frames() : line.sound.left_out_frames()), 36,
                1);
    EXPECT_EQ(ppm > 0 ? line.sound.left_out_frames() : line.sound.filled_frames(), 0u);
  }
}

TEST(FaultA2SoundLine, LongAndShortPacketsFollowEachOther) {
  Line line;
  ASSERT_TRUE(line.sound.take(0, Bytes{0x18, 1}));             // SILK, 60 ms
  ASSERT_TRUE(line.sound.take(60'000, Bytes{0xE0, 1}));        // CELT, 2.5 ms
  ASSERT_TRUE(line.sound.take(62'500, Bytes{0x7B, 0x83, 1}));  // code 3: three frames of 20 ms
  ASSERT_TRUE(line.sound.take(122'500, Bytes{0x78, 1}));
  line.expect_without_holes();
  EXPECT_EQ(line.silent(), 0u);
}

TEST(FaultA2SoundLine, AHostileTimeDoesNotBecomeHoursOfSilence) {
  Line line;
  line.take(0);
  ASSERT_TRUE(line.sound.take(SoundLine::kLengthMax + 1, Bytes{0x78, 1}));
  ASSERT_TRUE(line.sound.take(std::numeric_limits<std::int64_t>::max() / 2, Bytes{0x78, 1}));
  ASSERT_TRUE(line.sound.take(-5'000'000, Bytes{0x78, 1}));
  EXPECT_EQ(line.written.size(), 1u);
  EXPECT_EQ(line.sound.left_out_frames(), 3u);
  line.take(20);
  EXPECT_EQ(line.written.size(), 2u);
}

TEST(OpusPacket, ItsLengthIsInItsFirstBytes) {
  EXPECT_EQ(opus_duration(Bytes{}), std::nullopt);
  EXPECT_EQ(opus_duration(kOpusSilence), kOpusSilenceLength);
  EXPECT_EQ(opus_duration(Bytes{0x08}), Duration(20'000));  // SILK NB 20 ms
  EXPECT_EQ(opus_duration(Bytes{0x60}), Duration(10'000));  // hybrid 10 ms
  EXPECT_EQ(opus_duration(Bytes{0x79}), Duration(40'000));  // two frames of 20 ms
  EXPECT_EQ(opus_duration(Bytes{0x7A}), Duration(40'000));
  EXPECT_EQ(opus_duration(Bytes{0x7B}), std::nullopt);        // its count is missing
  EXPECT_EQ(opus_duration(Bytes{0x7B, 0x40}), std::nullopt);  // no frame
  EXPECT_EQ(opus_duration(Bytes{0x7B, 6}), Duration(120'000));
  EXPECT_EQ(opus_duration(Bytes{0x7B, 7}), std::nullopt);  // longer than 120 ms
  EXPECT_EQ(opus_duration(Bytes{0xE3, 48}), Duration(120'000));
  EXPECT_EQ(opus_duration(Bytes{0xE3, 0xFF}), std::nullopt);
}

TEST(Spans, AListThatIsTooLongJoinsWhatIsNear) {
  std::vector<Span> spans;
  for (std::int64_t i = 0; i < 5000; ++i) spans.push_back({{i * 1'000'000}, {i * 1'000'000 + 20'000}});
  Duration within{7};
  EXPECT_EQ(join_to_fit(spans, 5000, within).size(), 5000u);
  EXPECT_EQ(within, Duration(0));
  const std::vector<Span> joined = join_to_fit(spans, 1000, within);
  EXPECT_LE(joined.size(), 1000u);
  EXPECT_GT(within, Duration(0));
  EXPECT_EQ(joined.front().from, UtcTime{0});
  EXPECT_EQ(joined.back().to, spans.back().to);
}

}  // namespace
}  // namespace parlour::vault
