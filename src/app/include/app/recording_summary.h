// What the vault found, as the log and the pages say it. Pure but for what it looks up in the stores.
#pragma once

#include <string>

#include "app/context.h"

namespace parlour::app {

// A manifest may be as long as the vault's limit for one (vault/manifest.h).
constexpr JsonLimits kManifestJson{.bytes = 16 * 1024 * 1024, .depth = 32, .values = 1'000'000};

// [[from, to], …] in UTC milliseconds: what is missing from the recording, whoever's it is, and when the
// recorder was there. The vault says them so that an entry holds them: where there are more, the closest are
// one. A tail that no final Progress attests is not missing; the manifest says so where it belongs.
Json gap_ranges(const Json& job);
Json interval_ranges(const Json& job);

// What pages and lists show of a recording, from the signed manifest and the log: {duration_ms,
// coverage_permille, tracks, gaps, gaps_total, stops}. The vault knows people by their endpoints; this server
// knows whose they were. The vault's coverage is of what was sent; the page's is of the call, so that times
// in which nothing could be sent count as not covered.
Json summary_of(Context& context, const Meeting& meeting, const std::string& signed_manifest,
                const Json& job);

}  // namespace parlour::app
