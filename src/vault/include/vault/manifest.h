// The manifest: what the vault found in a sealed recording and made of it, signed with the recorder's key
// (contracts/recording-manifest.schema.json). Its hash stands in the log's `recording.verified`, so it can be
// checked anywhere against a bundle. No names, no content. Any thread.
//
// The text is RFC 8785 JSON: {"key_id", "manifest": {…}, "signature"}; the signature is over
// "Parlour/1 manifest"‖0x00‖the canonical bytes of the manifest member, raw r‖s in base64url.
#pragma once

#include <string>

#include "audit/format/entry.h"
#include "vault/opening.h"
#include "vault/proof.h"

namespace parlour::vault {

struct ManifestContext {
  ProvenEntry sealed;  // the entry that fixed what was opened
  std::string software;
  UtcTime made;
};

std::string make_manifest(const OpenedRecording& opened, const ManifestContext& context,
                          const KeyStore& keys);
bool verify_manifest(std::string_view text, const crypto::P256Point& recorder);

// The figures that serve shows and logs: started and duration, coverage, frames, and for `recording.verified`
// when the recorder was there (`intervals`) and when something of anybody is missing (`gaps`): [[from, to],
// …] in ms since 1970. Bounded, whatever the recording: of more than so many the nearest become one
// (join_to_fit, `…_joined_ms`), and `gaps_total` says how many there are.
Json make_summary(const OpenedRecording& opened);
constexpr std::size_t kSummaryIntervals = audit::kVerifiedIntervalsMax, kSummaryGaps = 240;
// A larger one is not made: serve, which keeps and shows it, reads at most 16 MiB.
constexpr std::size_t kManifestBytesMax = 15u << 20;

}  // namespace parlour::vault
