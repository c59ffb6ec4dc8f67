// The audit bundle: what an export holds and how its parts are called.
//
//   README.txt            what this is and how to check it, for people; always the same words
//   bundle.json           format, origin, number of entries; name, size and hash of every other member
//   checkpoints/<size>    signed heads of the log; the largest is the head of this export
//   entries.jsonl         every entry from 0, the exact bytes, each followed by one newline
//   tile/0/…              level 0 of the tree (the leaf hashes): tells *which* entry was altered
//   private.jsonl         values behind commitments, as far as the reader may see them; rising by seq, then
//   field manifests/<id>.json   the vault's signed manifests of recordings
//
// Evidence is entries.jsonl, checkpoints, private.jsonl and manifests, each checked against the signed head.
// The others help: bundle.json tells when a part is missing, the tiles where to look. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/hash.h"

namespace parlour::audit {

inline constexpr std::string_view kBundleFormat = "parlour-audit-bundle/1";
inline constexpr std::string_view kReadmeName = "README.txt";
inline constexpr std::string_view kIndexName = "bundle.json";
inline constexpr std::string_view kEntriesName = "entries.jsonl";
inline constexpr std::string_view kPrivateName = "private.jsonl";
inline constexpr std::string_view kCheckpointFolder = "checkpoints/";
inline constexpr std::string_view kManifestFolder = "manifests/";
inline constexpr std::string_view kManifestEnding = ".json";
inline constexpr std::string_view kTileFolder = "tile/0/";

std::string_view bundle_readme();

struct BundleIndex {
  struct Member {
    std::string name;
    std::uint64_t bytes = 0;
    // Of every member but entries.jsonl, whose every byte is under the signed root already; for that one the
    // container's checksum is repeated, so that a verifier need not compute it to know that it was not
    // touched.
    std::optional<crypto::Hash256> sha256;
    std::optional<std::uint32_t> crc32;
  };
  std::string origin;
  std::uint64_t entries = 0;
  std::vector<Member> members;
};

std::string bundle_index_to_json(const BundleIndex& index);
std::optional<BundleIndex> bundle_index_from_json(std::string_view text);

}  // namespace parlour::audit
