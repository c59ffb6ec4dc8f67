// The form of entries: canonical JSON, heads, catalogue, codes, commitments, private rows, the container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "audit/format/bundle.h"
#include "audit/format/canonical.h"
#include "audit/format/catalogue.h"
#include "audit/format/commitment.h"
#include "audit/format/entry.h"
#include "audit/format/private_row.h"
#include "audit/format/text.h"
#include "audit/format/zip.h"
#include "base/crc32.h"
#include "base/encoding.h"
#include "testing/sample_log.h"

namespace parlour::audit {
namespace {

using testing::SampleLog;

TEST(Canonical, AcceptsWhatJcsWrites) {
  for (const char* good :
       {R"({})", R"([])", R"({"a":1,"b":[true,false,null,-7,0,9007199254740991,-9007199254740991]})",
        R"("\"\\\b\f\n\r\t\u0000\u000b\u001f/")", "\"\xE2\x82\xAC \xF0\x9F\x98\x80 \x7F\"",
        R"({"":1,"a":2,"a ":3,"aa":4})", R"(["a string longer than eight characters, with an é in it"])"})
    EXPECT_TRUE(is_canonical(good)) << good;
}

TEST(Canonical, RefusesEveryOtherSpelling) {
  for (const char* bad : {"",
                          " {}",
                          "{} ",
                          "{ }",
                          "[1, 2]",
                          R"({"a": 1})",
                          R"({"b":1,"a":2})",
                          R"({"a":1,"a":2})",
                          R"({"a":1,})",
                          "[1,]",
                          "[,1]",
                          "01",
                          "-0",
                          "1.0",
                          "1e3",
                          "+1",
                          "9007199254740992",
                          "-9007199254740992",
                          "99999999999999999999",
                          "nul",
                          "True",
                          R"("\/")",
                          R"("\u0041")",
                          R"("\u000A")",
                          R"("\u000a")",
                          R"("\u001F")",
                          R"("\u0080")",
                          R"("\x")",
                          "\"a\nb\"",
                          "\"a",
                          "\"\\",
                          R"("\u00")",
                          "\"\xFF\"",
                          "\"\xC0\x80\"",
                          "\"\xED\xA0\x80\"",
                          "\"\xF4\x90\x80\x80\"",
                          "\"\xE2\x82\"",
                          "{\"\xC3\xA9\":1}",
                          R"({"a\n":1})",
                          "{1:2}",
                          "{\"a\"1}",
                          "{",
                          "[",
                          "[1",
                          "{\"a\":1",
                          "'a'",
                          "\xEF\xBB\xBF{}",
                          "{}{}"})
    EXPECT_FALSE(is_canonical(bad)) << bad;
  EXPECT_TRUE(is_canonical(std::string(15, '[') + std::string(15, ']')));
  EXPECT_FALSE(is_canonical(std::string(17, '[') + std::string(17, ']')));
}

TEST(Canonical, AgreesWithTheJsonReaderAndWriterOnRandomTexts) {
  // For texts that our JSON reads: canonical is exactly what write_json_canonical gives back (within our key
  // rule).
  SeededRandom random(7);
  const std::string alphabet = "{}[]\",:\\ab01-9tn e.u\xC3\xA9";
  int canonical = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    if (i % 2 == 0) {
      for (std::uint32_t n = random.u32() % 12; n > 0; --n) text += alphabet[random.u32() % alphabet.size()];
    } else {
      text = R"({"a":[1,"é",{"b":null}],"c":"\n\\","d":-5})";
      text[random.u32() % text.size()] = alphabet[random.u32() % alphabet.size()];
    }
    auto parsed = parse_json(text);
    bool expected = parsed && write_json_canonical(*parsed) == text;
    bool ours = is_canonical(text);
    if (ours) {
      ++canonical;
      EXPECT_TRUE(expected) << text;
    }
    // The other way only names that are not plain ASCII may differ.
    if (expected && !ours) {
      EXPECT_TRUE(text.find("\xC3") != std::string::npos || text.find('\\') != std::string::npos) << text;
    }
  }
  EXPECT_GT(canonical, 1000);
}

TEST(Canonical, FindsMembersAndCountsCommitments) {
  std::string_view text = R"({"a":{"c":"x"},"b":"no","d":[{"c":"y"},{"c":1},{"c":"z","d":1}]})";
  CanonicalReader reader(text);
  reader.value();
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.commitments(), 2u);
  EXPECT_EQ(find_member(text, "b"), R"("no")");
  EXPECT_FALSE(find_member(text, "z"));
  EXPECT_EQ(plain_string(R"("no")"), "no");
  EXPECT_FALSE(plain_string(R"("a\n")"));
  EXPECT_EQ(plain_integer("-12"), -12);
  EXPECT_FALSE(plain_integer("\"1\""));
}

TEST(Entry, EverySampleEntryIsReadAndNoneWithAMissingHeadMember) {
  SampleLog log;
  log.add_meeting("required");
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    std::string text = to_string(log.entries[i]);
    auto entry = read_entry(text);
    ASSERT_TRUE(entry) << text;
    EXPECT_EQ(entry->seq, i);
    Json json = *parse_json(text);
    for (const JsonMember& member : *json.as_object()) {
      JsonObject without;
      for (const JsonMember& other : *json.as_object())
        if (other.first != member.first) without.push_back(other);
      EXPECT_FALSE(read_entry(write_json_canonical(without))) << member.first;
    }
  }
}

TEST(Entry, UnknownMembersAreKeptAndWrongKindsRefused) {
  SampleLog log;
  Json json = *parse_json(as_text(log.entries[0]));
  Json more = json;
  more.set("zebra", JsonObject{{"x", 1}}).set("aaa", "new");
  EXPECT_TRUE(read_entry(write_json_canonical(more)));
  struct Case {
    const char* name;
    Json value;
  };
  for (const Case& wrong : {Case{"seq", "0"},
                            {"seq", -1},
                            {"time", "2026-11-24T10:00:00Z"},
                            {"time", 5},
                            {"type", ""},
                            {"v", 2},
                            {"actor", "x"},
                            {"data", Json()},
                            {"outcome", "maybe"},
                            {"meeting", 3},
                            {"subject", "x"},
                            {"mono_boot", Json()},
                            {"custom", JsonArray{}},
                            {"cause", 1}}) {
    Json changed = json;
    changed.set(wrong.name, wrong.value);
    EXPECT_FALSE(read_entry(write_json_canonical(changed))) << wrong.name;
  }
}

TEST(Entry, TimeIsReadInItsOneFormOnly) {
  for (std::int64_t us : {0LL, 1'795'000'000'123'000LL, 951'782'399'999'000LL, 4'102'444'800'000'000LL})
    EXPECT_EQ(parse_entry_time(to_rfc3339(UtcTime{us})), UtcTime{us});
  for (const char* bad : {"", "2026-11-18T11:06:40Z", "2026-11-18T11:06:40.12Z", "2026-11-18T11:06:40.1234Z",
                          "2026-11-18 11:06:40.123Z", "2026-13-18T11:06:40.123Z", "2026-02-30T11:06:40.123Z",
                          "2026-11-18T24:06:40.123Z", "2026-11-18T11:60:40.123Z", "2026-11-18T11:06:60.123Z",
                          "2026-11-18T11:06:40.123z", "2026-11-18T11:06:40.12:Z", "2026-11-18T11:06:40.123+"})
    EXPECT_FALSE(parse_entry_time(bad)) << bad;
}

TEST(Catalogue, IsSortedAndFindsEveryName) {
  auto events = event_catalogue();
  EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), [](auto& a, auto& b) { return a.name < b.name; }));
  for (const EventRule& event : events) EXPECT_EQ(find_event(event.name), &event);
  EXPECT_EQ(find_event("meeting.starte"), nullptr);
  EXPECT_EQ(find_event("zzz"), nullptr);
}

TEST(Text, CodesHoldNothingThatActs) {
  EXPECT_TRUE(is_code("Europe/Amsterdam"));
  EXPECT_TRUE(is_code("0.1.0+git.abc"));
  for (std::string bad :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("a\0b", 3), std::string("é"),
        std::string("<b>"), std::string(129, 'a'), std::string("a\"b"), std::string("a\\b")})
    EXPECT_FALSE(is_code(bad));
}

TEST(Text, OutsideTextIsEscapedOneToOneAndCut) {
  EXPECT_EQ(harmless_text("plain é 😀"), "plain é 😀");
  EXPECT_EQ(harmless_text("a\r\nb"), "a\\u{d}\\u{a}b");
  EXPECT_EQ(harmless_text("\x1B[31mred"), "\\u{1b}[31mred");
  EXPECT_EQ(harmless_text("abc\xE2\x80\xAE"
                          "fed"),
            "abc\\u{202e}fed");
  EXPECT_EQ(harmless_text("a\\b"), "a\\\\b");
  EXPECT_EQ(harmless_text("\xFF\xC2\x85"), "\xEF\xBF\xBD\\u{85}");
  std::string cut = harmless_text(std::string(1'000'000, 'x'));
  EXPECT_EQ(cut.size(), kPersonalBytesMax);
  EXPECT_EQ(cut.substr(cut.size() - 3), "…");
  EXPECT_EQ(harmless_text(std::string(1024, 'x')).size(), 1024u);
  EXPECT_TRUE(is_utf8(harmless_text("ééééé", 8)));
  EXPECT_LE(harmless_text("ééééé", 8).size(), 8u);
  EXPECT_TRUE(is_harmless("plain é"));
  EXPECT_FALSE(is_harmless("a\nb"));
}

TEST(Commitment, OpensOnlyWithItsNameValueAndSalt) {
  Salt salt{};
  salt[0] = 9;
  Hash256 commitment = commit_field("customer_email", "a@b.example", salt);
  EXPECT_NE(commit_field("customer_name", "a@b.example", salt), commitment);
  EXPECT_NE(commit_field("customer_email", "a@b.exampl", salt), commitment);
  salt[31] = 1;
  EXPECT_NE(commit_field("customer_email", "a@b.example", salt), commitment);
  EXPECT_EQ(commitment_from_json(commitment_to_json(commitment)), commitment);
  EXPECT_FALSE(commitment_from_json(Json("x")));
  // HMAC-SHA-256 over "parlour/field/v1\0n\0v" with 32 zero bytes, computed with another implementation.
  EXPECT_EQ(to_hex(commit_field("n", "v", Salt{})),
            "4caa1ec9411106b19e983efc08c5d2bb5d76e148764de7ffd1c15c16d4aa1c92");
}

TEST(PrivateRow, LineComesBackAndOtherFormsAreRefused) {
  PrivateRow row;
  row.seq = 12;
  row.field = "customer_email";
  row.salt.fill(7);
  row.value = Redacted<std::string>("d@example");
  std::string line = private_row_to_line(row);
  auto read = private_row_from_line(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(private_row_to_line(*read), line);
  for (const char* bad :
       {"", "{}", R"({"field":"a","salt":"AA==","seq":1,"value":"x"})", R"({"seq":1})", "[1,2,3,4]"})
    EXPECT_FALSE(private_row_from_line(bad)) << bad;
}

class Zip : public ::testing::Test {
 protected:
  static Bytes made() {
    ZipWriter zip;
    EXPECT_TRUE(zip.add("a.txt", as_bytes("hello")));
    EXPECT_TRUE(zip.add("folder/b", as_bytes("")));
    EXPECT_TRUE(zip.add("c", as_bytes("world")));
    return zip.finish();
  }
};

TEST_F(Zip, WrittenContainerIsRead) {
  Bytes zip = made();
  auto members = read_zip(zip);
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[0].name, "a.txt");
  EXPECT_EQ(as_text((*members)[0].content), "hello");
  EXPECT_EQ((*members)[1].name, "folder/b");
  EXPECT_TRUE(crc_matches((*members)[2]));
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(crc32(as_bytes("6789"), crc32(as_bytes("12345"))), 0xCBF43926u);
}

TEST_F(Zip, EveryFlippedBitIsRefusedOrFoundByAChecksum) {
  Bytes zip = made();
  for (std::size_t i = 0; i < zip.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = zip;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ (1 << bit));
      auto members = read_zip(flipped);
      if (!members) continue;
      EXPECT_FALSE(std::all_of(members->begin(), members->end(), crc_matches)) << i << "." << bit;
    }
}

TEST_F(Zip, CutGrownAndGappedContainersAreRefused) {
  Bytes zip = made();
  for (std::size_t size = 0; size < zip.size(); ++size) EXPECT_FALSE(read_zip(ByteView(zip).first(size)));
  Bytes grown = zip;
  grown.push_back(0);
  EXPECT_FALSE(read_zip(grown));
  Bytes shifted{0};
  append(shifted, zip);
  EXPECT_FALSE(read_zip(shifted));
  EXPECT_FALSE(read_zip(zip, {.bytes = zip.size() - 1}));
  EXPECT_FALSE(read_zip(zip, {.members = 2}));
}

TEST_F(Zip, UnsafeAndRepeatedNamesAreRefused) {
  for (const char* bad : {"", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a\\b", "c:a", "a b", "é", "a\n"})
    EXPECT_FALSE(is_safe_member_name(bad)) << bad;
  ZipWriter zip;
  EXPECT_TRUE(zip.add("name", {}));
  EXPECT_FALSE(zip.add("name", {}));
  EXPECT_FALSE(zip.add("NAME", {}));
  EXPECT_FALSE(zip.add("../x", {}));
  // By hand, since the writer will not: two members of one name, and a name that climbs.
  Bytes twin = made();
  for (std::size_t i = 0; i + 5 <= twin.size(); ++i)
    if (as_text(ByteView(twin).subspan(i, 5)) == "a.txt") std::memcpy(&twin[i], "../xt", 5);
  EXPECT_FALSE(read_zip(twin));
}

TEST(BundleIndex, ComesBackAndOtherFormsAreRefused) {
  BundleIndex index{
      "bank.example/audit", 3, {{"entries.jsonl", 10, std::nullopt, 7}, {"x", 2, Hash256{}, std::nullopt}}};
  std::string text = bundle_index_to_json(index);
  auto read = bundle_index_from_json(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(bundle_index_to_json(*read), text);
  for (std::string bad : {std::string(), std::string("{}\n"), text + "\n", text.substr(0, text.size() - 1),
                          std::string("[]\n")})
    EXPECT_FALSE(bundle_index_from_json(bad));
}

}  // namespace
}  // namespace parlour::audit
