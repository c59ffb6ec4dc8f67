#include "vault/webm_seconds.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace parlour::vault {
namespace {

// An element: its id as it is written, its content, the length in 8 bytes.
Bytes element(std::initializer_list<std::uint8_t> id, ByteView content) {
  Bytes out(id);
  Writer(out).u64(std::uint64_t{1} << 56 | content.size()).bytes(content);
  return out;
}
Bytes joined(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}
Bytes block(std::int16_t relative, std::size_t size) {
  Bytes content;
  Writer(content).u8(0x81).u16(static_cast<std::uint16_t>(relative)).u8(0).bytes(Bytes(size, 0xA3));
  return element({0xA3}, content);
}
Bytes timestamp(std::uint64_t value) {
  Bytes content;
  Writer(content).u64(value);
  return element({0xE7}, content);
}
Bytes cluster(const std::vector<Bytes>& parts) {
  return element({0x1F, 0x43, 0xB6, 0x75}, joined(parts));
}
Bytes file(const std::vector<Bytes>& clusters) {
  const Bytes scale = element({0x2A, 0xD7, 0xB1}, Bytes{0x0F, 0x42, 0x40});
  std::vector<Bytes> parts{element({0x15, 0x49, 0xA9, 0x66}, scale),
                           element({0x16, 0x54, 0xAE, 0x6B}, Bytes(40, 0xA3))};  // tracks: skipped whole
  parts.insert(parts.end(), clusters.begin(), clusters.end());
  parts.push_back(element({0x1C, 0x53, 0xBB, 0x6B}, Bytes(30, 0xE7)));  // cues
  return joined(
      {element({0x1A, 0x45, 0xDF, 0xA3}, Bytes(20, 0)), element({0x18, 0x53, 0x80, 0x67}, joined(parts))});
}
std::optional<std::vector<ByteSpan>> seconds_of(ByteView bytes, std::size_t piece) {
  WebmSeconds seconds;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    seconds.take(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  return seconds.finish();
}

TEST(FaultH3, TheBytesOfEachSecondReachFromItsFirstBlockToTheEndOfItsLast) {
  const Bytes first = block(0, 100), late = block(999, 50), next = block(1000, 70), third = block(20, 30);
  const Bytes whole = file({cluster({timestamp(0), first, late, next}), cluster({timestamp(3000), third})});
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, whole.size()}) {
    const auto seconds = seconds_of(whole, piece);
    ASSERT_TRUE(seconds) << piece;
    ASSERT_EQ(seconds->size(), 4u);
    const auto bytes_of = [&](std::size_t second) {
      const ByteSpan& span = (*seconds)[second];
      return to_bytes(ByteView(whole).subspan(span.from, span.to - span.from));
    };
    EXPECT_EQ(bytes_of(0), joined({first, late}));
    EXPECT_EQ(bytes_of(1), next);
    EXPECT_EQ((*seconds)[2], ByteSpan{});
    EXPECT_EQ(bytes_of(3), third);
  }
}

TEST(FaultH3, BlocksOutOfOrderWidenTheirSeconds) {
  const Bytes a = block(900, 10), b = block(1100, 10), c = block(950, 10);
  const Bytes whole = file({cluster({timestamp(0), a, b, c})});
  const auto seconds = seconds_of(whole, 5);
  ASSERT_TRUE(seconds);
  EXPECT_EQ((*seconds)[0].to - (*seconds)[0].from, a.size() + b.size() + c.size());
  EXPECT_EQ((*seconds)[1].to - (*seconds)[1].from, b.size());
}

TEST(FaultH3, WhatIsNoWholeWebmHasNoSeconds) {
  const Bytes whole = file({cluster({timestamp(0), block(0, 100)})});
  EXPECT_FALSE(seconds_of(ByteView(whole).first(whole.size() - 1), 100));
  EXPECT_FALSE(seconds_of({}, 1));
  EXPECT_FALSE(seconds_of(Bytes(100, 0), 10));
  EXPECT_FALSE(seconds_of(file({cluster({timestamp(std::uint64_t{86'400} * 1000), block(0, 1)})}), 10))
      << "a day is the most";
  EXPECT_TRUE(seconds_of(file({cluster({timestamp(std::uint64_t{86'399} * 1000), block(0, 1)})}), 10));
  EXPECT_FALSE(seconds_of(file({cluster({element({0xA3}, Bytes{0x81, 0})})}), 10))
      << "a block without a time";
  EXPECT_FALSE(seconds_of(file({cluster({element({0xE7}, Bytes(9, 0))})}), 10));
  Bytes unknown = element({0xEC}, Bytes(3, 0));
  std::fill(unknown.begin() + 2, unknown.begin() + 9, 0xFF);  // a void of unknown length
  EXPECT_FALSE(seconds_of(file({unknown}), 10));
  SeededRandom random(5);
  for (int round = 0; round < 2000; ++round) {
    Bytes damaged = whole;
    damaged[random.u32() % damaged.size()] ^= static_cast<std::uint8_t>(1 + random.u32() % 255);
    if (const auto seconds = seconds_of(damaged, 9))
      for (const ByteSpan& span : *seconds) {
        ASSERT_LE(span.from, span.to);
        ASSERT_LE(span.to, damaged.size());
      }
  }
}

}  // namespace
}  // namespace parlour::vault
