// A recording's manifest against the log that names it: the signature under the recorder's key that the log
// pinned at set-up, and what it says against what the entries say. Reads the text in place, without making a
// tree of it. Private to the verifier. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/verify/finding.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

namespace parlour::audit {

// As much as a server takes from its vault.
constexpr std::size_t kManifestBytesMax = std::size_t{16} << 20;

struct SealedEntry {
  std::uint64_t seq = 0;
  crypto::Hash256 leaf{};
  std::string data;  // raw
};
struct ManifestVerdict {
  std::string fault, fault_code;  // it is no manifest of this recorder
  std::vector<Finding> findings;  // it is, and contradicts the log
};
ManifestVerdict check_manifest_text(std::string_view text, std::string_view recording,
                                    std::string_view meeting, const std::optional<SealedEntry>& sealed,
                                    std::string_view verified_data,
                                    const std::optional<crypto::P256Point>& recorder);

}  // namespace parlour::audit
