// Signed notes and checkpoints: made, read, refused; the published cases when PARLOUR_VECTORS names their
// folder.
#include <gtest/gtest.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "base/encoding.h"
#include "testing/sample_log.h"
#include "testing/vectors.h"

namespace parlour::audit {
namespace {

using testing::read_vector_json;
using testing::SampleLog;
using testing::vector_folder;

TEST(Note, SpecificationExampleVerifies) {
  std::string note =
      "This is an example message.\n\n"
      "\xE2\x80\x94 example.com/foo "
      "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72"
      "IneyaQM=\n";
  auto key = parse_verifier_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  ASSERT_TRUE(key);
  auto parsed = parse_note(note);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->text, "This is an example message.\n");
  EXPECT_TRUE(verify_note(*parsed, std::span(&*key, 1)));
}

TEST(Note, KeyTextComesBackAndAWrongIdIsRefused) {
  SampleLog log;
  VerifierKey key = log.verifier_key();
  EXPECT_EQ(parse_verifier_key(key.text()), key);
  std::string text = key.text();
  text[text.find('+') + 1] = text[text.find('+') + 1] == '0' ? '1' : '0';
  EXPECT_FALSE(parse_verifier_key(text));
  for (const char* wrong : {"", "a", "a+b", "a+b+c", "a b+00000000+AQ==", "+00000000+AQ=="})
    EXPECT_FALSE(parse_verifier_key(wrong)) << wrong;
}

TEST(Note, EveryFlippedBitOfASignedHeadIsRefused) {
  SampleLog log;
  std::string note = log.signed_head();
  std::vector<VerifierKey> keys{log.verifier_key()};
  ASSERT_TRUE(open_checkpoint(note, keys));
  EXPECT_EQ(*open_checkpoint(note, keys), log.head());
  for (std::size_t i = 0; i < note.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = note;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      EXPECT_FALSE(open_checkpoint(flipped, keys)) << i << "." << bit;
    }
  for (std::size_t size = 0; size < note.size(); ++size)
    EXPECT_FALSE(open_checkpoint(note.substr(0, size), keys));
}

TEST(Checkpoint, IsRefusedUnderAKeyOfAnotherNameOrWithoutAKey) {
  SampleLog log;
  std::vector<VerifierKey> other{make_verifier_key("other.example/audit", log.key.public_key())};
  EXPECT_EQ(open_checkpoint(log.signed_head(), other).error(), NoteError::kUnknownKey);
  EXPECT_EQ(open_checkpoint(log.signed_head(), {}).error(), NoteError::kUnknownKey);
  // The right key, but the head speaks for another origin.
  std::string foreign =
      sign_note(checkpoint_text({"other.example/audit", 3, log.head().root}), log.head().origin, log.key);
  std::vector<VerifierKey> keys{log.verifier_key()};
  EXPECT_EQ(open_checkpoint(foreign, keys).error(), NoteError::kUnknownKey);
}

TEST(Checkpoint, HeadsAreConsistentOnlyWithAProofThatNothingChanged) {
  SampleLog log;
  Checkpoint early = log.head();
  log.add_meeting("never");
  Checkpoint late = log.head();
  auto proof = make_consistency_proof(early.size, late.size, log.tree.reader());
  ASSERT_TRUE(proof);
  EXPECT_TRUE(heads_consistent(early, late, *proof));
  EXPECT_FALSE(heads_consistent(late, early, *proof));
  Checkpoint forged = early;
  forged.root[0] ^= 1;
  EXPECT_FALSE(heads_consistent(forged, late, *proof));
  Checkpoint nothing{early.origin, 0, empty_root()};
  EXPECT_TRUE(heads_consistent(nothing, early, {}));
  EXPECT_FALSE(heads_consistent(nothing, early, *proof));
  EXPECT_FALSE(heads_consistent({"other/audit", 0, empty_root()}, early, {}));
}

TEST(Checkpoint, IsDueWithNewsAndOnceAnHourWithout) {
  const UtcTime then{1'795'000'000'000'000};
  EXPECT_TRUE(head_is_due(true, then, then + 1s));
  EXPECT_TRUE(head_is_due(false, std::nullopt, then));
  EXPECT_FALSE(head_is_due(false, then, then));
  EXPECT_FALSE(head_is_due(false, then, then + 59min));
  EXPECT_TRUE(head_is_due(false, then, then + 60min));
  EXPECT_TRUE(head_is_due(false, then, then - 60min));
}

TEST(Vectors, NotesAndCheckpointBodiesAreAcceptedAndRefusedAsPublished) {
  auto folder = vector_folder("merkle");
  if (!folder) GTEST_SKIP() << "PARLOUR_VECTORS is not set";
  Json vectors = read_vector_json(*folder / "notes.json");
  auto keys_of = [](const Json& item) {
    std::vector<VerifierKey> keys;
    for (const Json& text : *item.find("vkeys")->as_array()) {
      auto key = parse_verifier_key(*text.as_string());
      EXPECT_TRUE(key) << *text.as_string();
      if (key) keys.push_back(*key);
    }
    return keys;
  };
  int cases = 0;
  for (const Json& item : *vectors.find("notes")->as_array()) {
    auto keys = keys_of(item);
    auto note = parse_note(item.string_or("note"));
    bool good = note && verify_note(*note, keys);
    EXPECT_EQ(good, item.bool_or("valid")) << item.string_or("name");
    ++cases;
  }
  for (const Json& item : *vectors.find("checkpoint_bodies")->as_array()) {
    auto keys = keys_of(item);
    auto note = parse_note(item.string_or("note"));
    bool good = note && verify_note(*note, keys) && parse_checkpoint_text(note->text);
    EXPECT_EQ(good, item.bool_or("checkpoint_valid")) << item.string_or("name");
    ++cases;
  }
  EXPECT_GT(cases, 20);

  const Json* signing = vectors.find("signing");
  auto key = crypto::Ed25519Key::from_seed(*from_hex(signing->string_or("seed_hex")));
  ASSERT_TRUE(key);
  VerifierKey verifier = make_verifier_key(signing->string_or("key_name"), key->public_key());
  EXPECT_EQ(verifier.text(), signing->string_or("vkey"));
  // Ed25519 is deterministic: our own notes equal the published ones byte by byte.
  for (const Json& item : *vectors.find("notes")->as_array()) {
    if (item.string_or("name").substr(0, 15) != "own-checkpoint-") continue;
    auto note = parse_note(item.string_or("note"));
    auto checkpoint = parse_checkpoint_text(note->text);
    EXPECT_EQ(sign_checkpoint(*checkpoint, *key), item.string_or("note"));
  }
}

TEST(Vectors, HeadsOfALogOfAnotherImplementationVerify) {
  auto folder = vector_folder("merkle");
  if (!folder) GTEST_SKIP() << "PARLOUR_VECTORS is not set";
  auto key =
      parse_verifier_key("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
  ASSERT_TRUE(key);
  for (std::uint64_t size = 0; size <= 15; ++size) {
    auto note =
        to_string(testing::read_file(*folder / "tessera-log" / ("checkpoint." + std::to_string(size))));
    auto head = open_checkpoint(note, std::span(&*key, 1));
    ASSERT_TRUE(head) << size;
    EXPECT_EQ(head->size, size);
  }
}

}  // namespace
}  // namespace parlour::audit
