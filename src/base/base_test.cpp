#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/characters.h"
#include "base/encoding.h"
#include "base/id.h"
#include "base/json.h"
#include "base/random.h"
#include "base/ranges.h"
#include "base/time.h"

namespace parlour {
namespace {

// Lower case and without padding; the vectors are section 10's.
TEST(Encoding, Base32MatchesRfc4648Section10) {
  EXPECT_EQ(to_base32(as_bytes("")), "");
  EXPECT_EQ(to_base32(as_bytes("f")), "my");
  EXPECT_EQ(to_base32(as_bytes("fo")), "mzxq");
  EXPECT_EQ(to_base32(as_bytes("foo")), "mzxw6");
  EXPECT_EQ(to_base32(as_bytes("foob")), "mzxw6yq");
  EXPECT_EQ(to_base32(as_bytes("fooba")), "mzxw6ytb");
  EXPECT_EQ(to_base32(as_bytes("foobar")), "mzxw6ytboi");
}

TEST(Encoding, Base64MatchesRfc4648Section10) {
  EXPECT_EQ(to_base64(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64(as_bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(to_base64url(as_bytes("fooba")), "Zm9vYmE");
  EXPECT_EQ(from_base64("Zm9vYg=="), to_bytes("foob"));
}

TEST(Encoding, DecodersRefuseSecondFormsOfAValue) {
  EXPECT_FALSE(from_base64("Zm9vYh=="));  // left-over bits
  EXPECT_FALSE(from_base64("Zm9v\nYg=="));
  EXPECT_FALSE(from_base64("Zm9vYg="));
  EXPECT_FALSE(from_base64url("Zm9vYg=="));
  EXPECT_FALSE(from_base64url("A"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_hex("012"));
}

TEST(Encoding, Utf8) {
  EXPECT_TRUE(is_utf8("gr\xC3\xBC\xC3\x9F \xF0\x9F\x94\x92"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xE2\x82"));
}

TEST(Encoding, CharactersOfOneToFourBytes) {
  for (const char* one : {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"}) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += one;
    EXPECT_EQ(characters(text), 100u) << one;
    EXPECT_EQ(first_characters(text, 100), text);
    EXPECT_EQ(first_characters(text, 99), text.substr(0, 99 * std::string_view(one).size()))
        << "never half of one";
    EXPECT_EQ(first_characters(text, 0), "");
  }
  EXPECT_EQ(characters("gr\xC3\xBC\xC3\x9F \xF0\x9F\x94\x92"), 6u);
  EXPECT_EQ(characters(""), 0u);
}

TEST(Reader, FailsForGoodAndGivesZeros) {
  Bytes data{1, 2, 3};
  Reader reader(data);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Json, WritesWhatJsonStringifyWrites) {
  std::string text = R"({"b":1,"a":[true,false,null,-7],"s":"\u0001\b\"\\/é\u2028"})";
  auto value = parse_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(write_json(*value),
            "{\"b\":1,\"a\":[true,false,null,-7],\"s\":\"\\u0001\\b\\\"\\\\/é\xE2\x80\xA8\"}");
  EXPECT_EQ(write_json_canonical(*value).substr(0, 5), "{\"a\":");
}

TEST(Json, RefusesWhatIJsonRefuses) {
  for (const char* text : {"{\"a\":1,\"a\":2}",
                           "1.5",
                           "1e3",
                           "-0",
                           "01",
                           "9007199254740992",
                           "\"\\ud800\"",
                           "\"\\udc00\\ud800\"",
                           "[1,]",
                           "{\"a\":1,}",
                           "nul",
                           "1 2",
                           "",
                           "\"\n\"",
                           "[",
                           "{\"a\"",
                           "\"\xff\"",
                           "+1",
                           "'a'",
                           "\"\\x41\""})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_TRUE(parse_json("9007199254740991"));
}

TEST(Json, HoldsItsLimits) {
  std::string deep(10'000, '[');
  EXPECT_FALSE(parse_json(deep));
  EXPECT_FALSE(parse_json(std::string(70'000, ' ') + "1"));
  std::string many = "[0";
  for (int i = 0; i < 30'000; ++i) many += ",0";
  EXPECT_FALSE(parse_json(many + "]"));
}

TEST(Time, Rfc3339RoundTrip) {
  auto time = from_rfc3339("2026-11-24T14:30:00.123Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(to_rfc3339(*time), "2026-11-24T14:30:00.123Z");
  EXPECT_FALSE(from_rfc3339("2026-02-30T00:00:00Z"));
  EXPECT_FALSE(from_rfc3339("2026-11-24 14:30:00Z"));
  EXPECT_FALSE(from_rfc3339("2026-11-24T24:30:00Z"));
}

TEST(Ranges, AreJoinedAndTakenFromEachOther) {
  const Ranges some = joined({{5, 9}, {1, 3}, {3, 4}, {7, 12}, {8, 8}, {20, 30}});
  EXPECT_EQ(some, (Ranges{{1, 4}, {5, 12}, {20, 30}}));
  EXPECT_EQ(joined(some, 1), (Ranges{{1, 12}, {20, 30}}));
  EXPECT_EQ(length(some), 20);
  EXPECT_EQ(without({{0, 40}}, some), (Ranges{{0, 1}, {4, 5}, {12, 20}, {30, 40}}));
  EXPECT_EQ(without(some, {{0, 2}, {6, 7}, {8, 25}}), (Ranges{{2, 4}, {5, 6}, {7, 8}, {25, 30}}));
  EXPECT_EQ(without(some, {}), some);
  EXPECT_EQ(common(some, {{0, 2}, {3, 6}, {11, 21}}), (Ranges{{1, 2}, {3, 4}, {5, 6}, {11, 12}, {20, 21}}));
  EXPECT_EQ(together(some, {{4, 5}, {30, 31}}), (Ranges{{1, 12}, {20, 31}}));
}

// Every answer against a picture of single milliseconds.
TEST(Ranges, AgreeWithAPictureOfEachMillisecond) {
  SeededRandom random(7);
  for (int round = 0; round < 500; ++round) {
    auto some = [&] {
      Ranges ranges;
      for (std::uint32_t i = random.u32() % 6; i > 0; --i) {
        const auto from = static_cast<std::int64_t>(random.u32() % 40);
        ranges.emplace_back(from, from + static_cast<std::int64_t>(random.u32() % 9));
      }
      return joined(ranges);
    };
    const Ranges a = some(), b = some();
    auto covers = [](const Ranges& ranges, std::int64_t at) {
      for (const Range& range : ranges)
        if (at >= range.first && at < range.second) return true;
      return false;
    };
    const Ranges left = without(a, b), both = common(a, b), either = together(a, b);
    for (std::int64_t at = -1; at < 50; ++at) {
      EXPECT_EQ(covers(left, at), covers(a, at) && !covers(b, at));
      EXPECT_EQ(covers(both, at), covers(a, at) && covers(b, at));
      EXPECT_EQ(covers(either, at), covers(a, at) || covers(b, at));
    }
    EXPECT_EQ(joined(left), left);
  }
}

TEST(Id, Uuid7HasItsVersionVariantAndTime) {
  SeededRandom random(1);
  auto id = Id<struct TestTag>::make(UtcTime{1'700'000'000'000'000}, random);
  std::string text = id.text();
  EXPECT_EQ(text[14], '7');
  EXPECT_EQ(Id<struct TestTag>::from_text(text), id);
  EXPECT_FALSE(Id<struct TestTag>::from_text("nonsense"));
  EXPECT_EQ(text.substr(0, 13), "018bcfe5-6800");
}

}  // namespace
}  // namespace parlour
