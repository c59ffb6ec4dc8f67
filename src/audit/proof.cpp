#include "audit/format/proof.h"

#include <bit>

#include "base/encoding.h"

namespace parlour::audit {
namespace {

constexpr std::size_t kProofHashesMax = 65;

// The largest power of two smaller than size; size ≥ 2.
std::uint64_t split(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

// MTH(D[begin : begin + size]). `begin` is a multiple of the largest power of two in size, as in all ranges
// of the RFC.
bool add_range(std::uint64_t begin, std::uint64_t size, const NodeReader& read, Proof& out) {
  auto shifted = [&](unsigned level, std::uint64_t index) { return read(level, (begin >> level) + index); };
  auto root = root_from_nodes(size, shifted);
  if (!root) return false;
  out.push_back(*root);
  return true;
}

// PATH(m, D[n]) of RFC 6962 2.1.1.
bool path(std::uint64_t m, std::uint64_t begin, std::uint64_t n, const NodeReader& read, Proof& out) {
  if (n == 1) return true;
  std::uint64_t k = split(n);
  if (m < k) return path(m, begin, k, read, out) && add_range(begin + k, n - k, read, out);
  return path(m - k, begin + k, n - k, read, out) && add_range(begin, k, read, out);
}

// SUBPROOF(m, D[n], b) of RFC 6962 2.1.2.
bool subproof(std::uint64_t m, std::uint64_t begin, std::uint64_t n, bool whole, const NodeReader& read,
              Proof& out) {
  if (m == n) return whole || add_range(begin, n, read, out);
  std::uint64_t k = split(n);
  if (m <= k) return subproof(m, begin, k, whole, read, out) && add_range(begin + k, n - k, read, out);
  return subproof(m - k, begin + k, n - k, false, read, out) && add_range(begin, k, read, out);
}

}  // namespace

std::optional<Proof> make_inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeReader& read) {
  Proof proof;
  if (index >= size || !path(index, 0, size, read, proof)) return std::nullopt;
  return proof;
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash256& leaf, const Proof& proof,
                      const Hash256& root) {
  if (index >= size) return false;
  std::uint64_t fn = index, sn = size - 1;
  Hash256 hash = leaf;
  for (const Hash256& sibling : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && hash == root;
}

std::optional<Proof> make_consistency_proof(std::uint64_t old_size, std::uint64_t new_size,
                                            const NodeReader& read) {
  if (old_size == 0 || old_size > new_size) return std::nullopt;
  Proof proof;
  if (!subproof(old_size, 0, new_size, true, read, proof)) return std::nullopt;
  return proof;
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Hash256& old_root,
                        const Hash256& new_root, const Proof& proof) {
  if (old_size == 0 || old_size > new_size) return false;
  if (old_size == new_size) return proof.empty() && old_root == new_root;
  if (proof.empty()) return false;

  std::uint64_t fn = old_size - 1, sn = new_size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  // When the old tree is one perfect subtree its root starts the proof and is left out of it.
  std::size_t next = 0;
  Hash256 start = std::has_single_bit(old_size) ? old_root : proof[next++];
  Hash256 old_hash = start, new_hash = start;
  for (; next < proof.size(); ++next) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = node_hash(proof[next], old_hash);
      new_hash = node_hash(proof[next], new_hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      new_hash = node_hash(new_hash, proof[next]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && old_hash == old_root && new_hash == new_root;
}

Json proof_to_json(const Proof& proof) {
  JsonArray hashes;
  for (const Hash256& hash : proof) hashes.emplace_back(to_base64(hash));
  return Json(std::move(hashes));
}

std::optional<Proof> proof_from_json(const Json& json) {
  const JsonArray* hashes = json.as_array();
  if (hashes == nullptr || hashes->size() > kProofHashesMax) return std::nullopt;
  Proof proof;
  for (const Json& item : *hashes) {
    const std::string* text = item.as_string();
    auto bytes = text != nullptr ? from_base64(*text) : std::nullopt;
    if (!bytes || bytes->size() != 32) return std::nullopt;
    std::memcpy(proof.emplace_back().data(), bytes->data(), 32);
  }
  return proof;
}

}  // namespace parlour::audit
