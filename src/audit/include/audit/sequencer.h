// The growing tree on the writer's side: entries in, root, head text and tiles out. Storage is the caller's.
//
// At start the state is rebuilt from the stored entries (or restored from the stored compact range and
// compared); the caller must find the root of the last stored checkpoint again before it appends. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/format/checkpoint.h"
#include "audit/format/entry.h"
#include "audit/format/merkle.h"
#include "base/result.h"

namespace parlour::audit {

class Sequencer {
 public:
  explicit Sequencer(std::string origin) : origin_(std::move(origin)) {}
  // From stored state: what compact_hashes() gave at that size. Nothing when the numbers do not fit.
  static std::optional<Sequencer> restore(std::string origin, std::uint64_t size,
                                          std::vector<Hash256> compact_hashes);

  // Appends the stored bytes of entry number size(). Refused (nothing appended): bytes that are no entry, or
  // whose seq is not size(): the database and the tree disagree, and somebody has to look.
  Result<Hash256, EntryFault> append(ByteView entry);

  std::uint64_t size() const { return range_.size(); }
  const std::vector<Hash256>& compact_hashes() const { return range_.hashes(); }
  Checkpoint head() const { return {origin_, range_.size(), range_.root()}; }

 private:
  std::string origin_;
  CompactRange range_;
};

}  // namespace parlour::audit
