// Grants to play or download: one proven `recording.play_requested` or `.download_requested` entry opens one
// rendition for one session, once (design.md 9, "Playing").
//
//   grant(proof, session, rendition) → ticket     checked here, written to the grant log, durable before the
//   answer exchange(ticket, session)        → handle     within 60 s, once stream(handle)                   →
//   what it may read; handles die with the vault
//
// What serve is patched to claim does not matter: without an entry in the signed log there is no ticket, and
// an entry that was used stays used over restarts, because the grant log is read at the start. One thread.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "crypto/secret.h"
#include "recording/format/ids.h"
#include "vault/files.h"
#include "vault/proof.h"

namespace parlour::vault {

using Token = ByteArray<32>;

struct GrantedStream {
  recording::RecordingId recording = recording::RecordingId::from_bytes({});
  std::string rendition;
  std::string session;
  crypto::Secret dek;
};

class Grants {
 public:
  static Result<Grants, VaultRefusal> open(const std::filesystem::path& log_file, Random& random);

  // Checks everything about the entry but opens nothing: `entry` is proven already.
  Result<void, VaultRefusal> check(const ProvenEntry& entry, const recording::RecordingId& recording,
                                   std::string_view rendition, std::string_view session, Now now);
  // After check(): uses the entry up and gives a ticket for the stream.
  Result<Token, VaultRefusal> issue(const ProvenEntry& entry, GrantedStream stream, Now now);
  // A refused grant is worth a line too.
  void note_refusal(const recording::RecordingId& recording, std::string_view rendition,
                    std::string_view code, Now now);

  Result<Token, VaultRefusal> exchange(const Token& ticket, std::string_view session, Now now);
  // Null for an unknown or expired handle.
  const GrantedStream* stream(const Token& handle, Now now);
  void release(const Token& handle);

  static constexpr Duration kEntryAgeMax = std::chrono::seconds(60);
  static constexpr Duration kTicketLife = std::chrono::seconds(60);
  static constexpr Duration kHandleIdleMax = std::chrono::hours(2);
  static constexpr std::size_t kGrantsPerMinute = 30;

 private:
  Grants(AppendLog log, Random& random) : log_(std::move(log)), random_(&random) {}
  struct Held {
    GrantedStream stream;
    SteadyTime since;
  };
  void expire(Now now);

  AppendLog log_;
  Random* random_;
  std::set<crypto::Hash256> used_;
  std::deque<SteadyTime> recent_;
  std::map<Token, Held> tickets_, handles_;
};

}  // namespace parlour::vault
