// A made-up but complete log for tests, benches and fuzz seeds: meetings of both kinds with everything that
// happens in them, written by the real writer and signed with a published test key. Never linked into a
// product.
#pragma once

#include <string>
#include <vector>

#include "audit/bundle_builder.h"
#include "audit/entry_builder.h"
#include "audit/format/checkpoint.h"
#include "audit/sequencer.h"
#include "crypto/p256.h"

namespace parlour::audit::testing {

struct SampleLog {
  explicit SampleLog(std::uint64_t seed = 1);

  // Appends one entry; the time moves on by `after`. Aborts when the writer refuses: a sample must be honest.
  void add(const EntryBuilder& draft, Duration after = std::chrono::milliseconds(137));
  // The life of one meeting, about 25 entries. `demand`: required, never or optional.
  void add_meeting(std::string_view demand, bool play = true);
  void add_logged_checkpoint();

  Checkpoint head() const { return sequencer.head(); }
  std::string signed_head() const { return sign_checkpoint(head(), key); }
  VerifierKey verifier_key() const { return make_verifier_key(head().origin, key.public_key()); }
  std::int64_t now_ms() const { return now.us / 1000; }
  EntryBuilder draft(std::string_view type) const;  // of the meeting at hand
  std::string uuid();

  // The bundle of everything so far; older heads that were kept go in too.
  BundleBuilder builder() const;
  Bytes bundle() const;

  // What the vault would sign of the recording at hand, sealed by the newest entry but one that seals.
  Bytes manifest(const std::vector<std::pair<std::int64_t, std::int64_t>>& present, int coverage_permille,
                 const crypto::P256Key& signer) const;

  crypto::Ed25519Key key;
  crypto::Ed25519Key other_key;
  crypto::P256Key recorder_key;
  SeededRandom random;
  UtcTime now;
  Sequencer sequencer;
  MerkleTree tree;
  std::vector<Bytes> entries;
  std::vector<PrivateRow> private_rows;
  std::vector<std::pair<std::string, Bytes>> manifests;  // recording id, bytes
  std::vector<std::string> older_heads;
  std::string meeting, recording, agent, customer, subject_participant;
  std::string boot;
  std::uint64_t sealed_seq = 0;  // of the last recording.sealed
};

// The line ends are the caller's: entries.jsonl of these entries.
Bytes entries_jsonl(const std::vector<Bytes>& entries);

}  // namespace parlour::audit::testing
