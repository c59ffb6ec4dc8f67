// Inclusion and consistency proofs: made after RFC 6962 sections 2.1.1 and 2.1.2 from the nodes of a tree,
// checked by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2. Pure; any thread.
#pragma once

#include <optional>
#include <vector>

#include "audit/format/merkle.h"
#include "base/json.h"

namespace parlour::audit {

// Hashes in the order of the RFC, at most 64 (inclusion) or 65 (consistency).
using Proof = std::vector<Hash256>;

// That leaf `index` is in the tree of `size` leaves. Nothing when index ≥ size or a node is missing.
std::optional<Proof> make_inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeReader& read);
[[nodiscard]] bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash256& leaf,
                                    const Proof& proof, const Hash256& root);

// That the tree of `new_size` leaves only appends to the tree of `old_size`. Nothing when old_size is 0 or
// beyond new_size, or a node is missing; empty for equal sizes.
std::optional<Proof> make_consistency_proof(std::uint64_t old_size, std::uint64_t new_size,
                                            const NodeReader& read);
// False for old_size 0: such a proof would say nothing (heads_consistent in checkpoint.h treats the empty
// log).
[[nodiscard]] bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Hash256& old_root,
                                      const Hash256& new_root, const Proof& proof);

// The wire form inside our JSON messages: an array of base64 strings.
Json proof_to_json(const Proof& proof);
std::optional<Proof> proof_from_json(const Json& json);

}  // namespace parlour::audit
