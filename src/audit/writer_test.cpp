// Making entries: what the writer refuses, how personal values are committed, that hostile text changes
// nothing in the form of the log; the sequencer; the bundle builder; the schema in contracts/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "audit/format/canonical.h"
#include "audit/format/catalogue.h"
#include "audit/format/text.h"
#include "base/encoding.h"
#include "testing/sample_log.h"
#include "testing/schema.h"
#include "testing/vectors.h"

namespace parlour::audit {
namespace {

using testing::SampleLog;

class Writer : public ::testing::Test {
 protected:
  EntryPlace place() { return {7, UtcTime{1'795'000'000'123'456}, "boot-1", SteadyTime{42}}; }
  static EntryBuilder link_opened() {
    return EntryBuilder("link.opened")
        .actor({ActorKind::kCustomer, "0192d3a0-0000-7000-8000-000000000001"})
        .meeting("0192d3a0-0000-7000-8000-000000000002", "wealth/3")
        .set("kind", "customer");
  }
  std::string refusal(const EntryBuilder& draft) {
    auto made = draft.make(place(), random);
    EXPECT_FALSE(made);
    return made ? "" : made.error().reason;
  }

  SeededRandom random{3};
};

TEST_F(Writer, EntryHasTheWholeHeadInCanonicalForm) {
  auto made = link_opened().cause("req-1").make(place(), random);
  ASSERT_TRUE(made);
  EXPECT_EQ(
      as_text(made->bytes),
      R"({"actor":{"id":"0192d3a0-0000-7000-8000-000000000001","kind":"customer","on_behalf_of":null,"session":null},)"
      R"("brand":"default","cause":"req-1","custom":{},"data":{"kind":"customer"},)"
      R"("meeting":"0192d3a0-0000-7000-8000-000000000002","mono_boot":{"boot":"boot-1","us":42},"outcome":"ok",)"
      R"("reason":null,"seq":7,"subject":null,"time":"2026-11-18T11:06:40.123Z","type":"link.opened",)"
      R"("type_version":"wealth/3","v":1})");
}

TEST_F(Writer, PersonalValuesAreCommittedUnderSaltsOfTheirOwnAndNeverInTheLeaf) {
  auto made =
      link_opened().personal("ip", "192.0.2.1").personal("user_agent", "192.0.2.1").make(place(), random);
  ASSERT_TRUE(made);
  EXPECT_THAT(std::string(as_text(made->bytes)), ::testing::Not(::testing::HasSubstr("192.0.2.1")));
  ASSERT_EQ(made->private_rows.size(), 2u);
  EXPECT_NE(made->private_rows[0].salt, made->private_rows[1].salt);
  Json json = *parse_json(as_text(made->bytes));
  for (const PrivateRow& row : made->private_rows) {
    EXPECT_EQ(row.seq, 7u);
    EXPECT_EQ(commitment_from_json(*json.find("data")->find(row.field)),
              commit_field(row.field, row.value.reveal(), row.salt));
  }
}

TEST_F(Writer, WhatTheCatalogueDoesNotHaveIsRefused) {
  EXPECT_THAT(refusal(EntryBuilder("link.open").actor({ActorKind::kSystem, "x"})),
              ::testing::HasSubstr("catalogue"));
  EXPECT_THAT(refusal(link_opened().set("colour", "red")), ::testing::HasSubstr("not a field"));
  EXPECT_THAT(refusal(link_opened().set("kind", 3)), ::testing::HasSubstr("not a valid code"));
  EXPECT_THAT(refusal(link_opened().set("ip", "192.0.2.1")), ::testing::HasSubstr("must be committed"));
  EXPECT_THAT(refusal(link_opened().personal("kind", "x")), ::testing::HasSubstr("not a personal field"));
  EXPECT_THAT(refusal(link_opened().personal("ip", "a").personal("ip", "b")), ::testing::HasSubstr("twice"));
  EXPECT_THAT(refusal(link_opened().meeting("")), ::testing::HasSubstr("must be given"));
  EXPECT_THAT(refusal(link_opened().denied("")), ::testing::HasSubstr("reason"));
  EXPECT_THAT(refusal(EntryBuilder("link.opened").meeting("m")), ::testing::HasSubstr("actor.id"));
}

TEST_F(Writer, RequiredFieldsAndKindsAreHeld) {
  EntryBuilder started =
      EntryBuilder("meeting.started").actor({ActorKind::kSystem, "serve"}).meeting("m", "t/1");
  EXPECT_THAT(refusal(started), ::testing::HasSubstr("recording"));
  started.set("recording", "sometimes").set("policy_sha256", std::string(64, 'a'));
  EXPECT_THAT(refusal(started), ::testing::HasSubstr("recording"));
  started.set("recording", "required").set("policy_sha256", std::string(64, 'A'));
  EXPECT_THAT(refusal(started), ::testing::HasSubstr("sha256"));
  started.set("policy_sha256", std::string(64, 'a'));
  EXPECT_TRUE(started.check());
  EXPECT_THAT(refusal(started.meeting("m")), ::testing::HasSubstr("type_version"));

  EntryBuilder played =
      EntryBuilder("recording.played").actor({ActorKind::kSystem, "x"}).meeting("m").set("request", 3);
  EXPECT_THAT(refusal(played), ::testing::HasSubstr("ranges_ms"));
  EXPECT_FALSE(EntryBuilder(played).ranges("ranges_ms", {{5, 4}}).check());
  EXPECT_FALSE(EntryBuilder(played).ranges("ranges_ms", {{-1, 4}}).check());
  EXPECT_FALSE(EntryBuilder(played).set("ranges_ms", JsonArray{Json(JsonArray{Json(1)})}).check());
  EXPECT_TRUE(EntryBuilder(played).ranges("ranges_ms", {{0, 4}, {9, 9}}).check());
  std::vector<std::pair<std::int64_t, std::int64_t>> many(1001, {0, 1});
  EXPECT_FALSE(EntryBuilder(played).ranges("ranges_ms", many).check());

  EntryBuilder config = EntryBuilder("config.changed").actor({ActorKind::kOperator, "root"});
  auto diff = [](Json before, Json after) {
    return JsonArray{
        Json(JsonObject{{"path", "a.b"}, {"old", std::move(before)}, {"new", std::move(after)}})};
  };
  EXPECT_TRUE(EntryBuilder(config).set("diff", diff(nullptr, 5)).check());
  EXPECT_TRUE(EntryBuilder(config).set("diff", diff(true, commitment_to_json(Hash256{}))).check());
  EXPECT_FALSE(EntryBuilder(config).set("diff", diff("free text", 5)).check());
  EXPECT_FALSE(EntryBuilder(config).set("diff", JsonArray{Json(JsonObject{{"path", "a"}})}).check());
}

TEST_F(Writer, AnEntryThatWouldBeTooLongIsRefusedNotCut) {
  EntryBuilder played =
      EntryBuilder("recording.played").actor({ActorKind::kSystem, "x"}).meeting("m").set("request", 3);
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges(1000, {1'795'000'000'123, 1'795'000'000'456});
  EXPECT_THAT(refusal(played.ranges("ranges_ms", ranges)), ::testing::HasSubstr("longer"));
}

// Security check 36.
TEST_F(Writer, HostileTextIsRefusedInCodesAndHarmlessInPersonalValues) {
  const std::vector<std::string> hostile = {"a\r\nX-Injected: 1",
                                            "\x1B[2J\x1B[31mred",
                                            "invoice\xE2\x80\xAE"
                                            "fdp.exe",
                                            "\"},\"seq\":0,\"x\":{\"",
                                            "{\"v\":1}\n{\"v\":1}",
                                            std::string("nul\0byte", 8),
                                            "line\xE2\x80\xA8separator",
                                            "\xFF\xFE broken",
                                            "back\\slash",
                                            std::string(1'000'000, 'A')};
  for (const std::string& text : hostile) {
    EXPECT_FALSE(link_opened().set("kind", text).make(place(), random));
    EXPECT_FALSE(link_opened().cause(text).make(place(), random));
    EXPECT_FALSE(link_opened().brand(text).make(place(), random));
    EXPECT_FALSE(link_opened().denied(text).make(place(), random));
    EXPECT_FALSE(link_opened().subject("link", text).make(place(), random));
    EXPECT_FALSE(link_opened().actor({ActorKind::kCustomer, text}).make(place(), random));
    EXPECT_FALSE(link_opened().set(text, "x").make(place(), random));
    EXPECT_LT(refusal(link_opened().set(text, "x")).size(), 200u);
    EXPECT_TRUE(is_harmless(refusal(link_opened().set(text, "x"))));

    auto made = link_opened().personal("user_agent", text).make(place(), random);
    ASSERT_TRUE(made);
    std::string bytes = to_string(made->bytes), row = private_row_to_line(made->private_rows[0]);
    EXPECT_EQ(bytes.find('\n'), std::string::npos);
    EXPECT_EQ(row.find('\n'), std::string::npos);
    EXPECT_TRUE(is_harmless(bytes));
    EXPECT_TRUE(is_harmless(row));
    EXPECT_LE(row.size(), 3 * kPersonalBytesMax);
    auto read = read_entry(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->seq, 7u);
    auto back = private_row_from_line(row);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->value.reveal(), harmless_text(text));
  }
}

TEST(Sequencer, RefusesWhatIsNotTheNextEntryAndGoesOnAfterRestore) {
  SampleLog log;
  log.add_meeting("required");
  Sequencer again(log.head().origin);
  EXPECT_FALSE(again.append(log.entries[1]));
  EXPECT_FALSE(again.append(as_bytes("{}")));
  EXPECT_EQ(again.size(), 0u);
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    if (i % 7 == 0) {
      auto restored = Sequencer::restore(log.head().origin, again.size(), again.compact_hashes());
      ASSERT_TRUE(restored);
      again = *restored;
    }
    ASSERT_TRUE(again.append(log.entries[i]));
  }
  EXPECT_EQ(again.head(), log.head());
  EXPECT_FALSE(Sequencer::restore("x", 5, {}));
}

TEST(BundleBuilder, RefusesAHeadThatDoesNotFit) {
  SampleLog log;
  std::string early = log.signed_head();
  log.add_meeting("never");
  BundleBuilder stale(early);
  for (const Bytes& entry : log.entries) stale.add_entry(entry);
  EXPECT_FALSE(stale.finish());
  BundleBuilder wrong(log.signed_head());
  for (std::size_t i = 0; i < log.entries.size(); ++i) wrong.add_entry(log.entries[i == 3 ? 4 : i]);
  EXPECT_FALSE(wrong.finish());
  EXPECT_FALSE(BundleBuilder("no note").finish());
  BundleBuilder unsafe = log.builder();
  unsafe.add_manifest("../../etc/passwd", {});
  EXPECT_FALSE(unsafe.finish());
  EXPECT_TRUE(log.builder().finish());
}

TEST(BundleBuilder, DisclosesAValueKeptElsewhereOnlyWhileItOpensItsCommitment) {
  SampleLog log;
  std::string name = "Dana \\ \xE2\x80\xAE customer";
  log.meeting = log.uuid();
  log.add(log.draft("meeting.scheduled").set("start_planned", 1).personal("customer_name", name));
  PrivateRow row = log.private_rows.back();
  auto disclosed = [&](std::string_view field, std::string_view value) {
    BundleBuilder builder(log.signed_head());
    for (const Bytes& entry : log.entries) builder.add_entry(entry);
    return builder.add_private_from(row.seq, field, row.salt, value) && builder.finish();
  };
  EXPECT_TRUE(disclosed("customer_name", name));
  EXPECT_FALSE(disclosed("customer_name", "Dora"));
  EXPECT_FALSE(disclosed("customer_name", ""));
  EXPECT_FALSE(disclosed("start_planned", name));
  EXPECT_FALSE(BundleBuilder(log.signed_head()).add_private_from(99, "customer_name", row.salt, name));
}

TEST(Schema, IsWhatTheCatalogueSays) {
  const char* source = std::getenv("PARLOUR_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "PARLOUR_SOURCE_DIR is not set";
  std::filesystem::path file = std::filesystem::path(source) / "contracts" / "audit-entry.schema.json";
  std::string expected = testing::entry_schema();
  if (std::getenv("PARLOUR_UPDATE_GOLDEN") != nullptr) std::ofstream(file, std::ios::binary) << expected;
  EXPECT_EQ(to_string(testing::read_file(file)), expected)
      << "run this test with PARLOUR_UPDATE_GOLDEN=1 after a change of the catalogue, and read the "
         "difference";
}

}  // namespace
}  // namespace parlour::audit
