#include "audit/sequencer.h"

namespace parlour::audit {

std::optional<Sequencer> Sequencer::restore(std::string origin, std::uint64_t size,
                                            std::vector<Hash256> compact_hashes) {
  auto range = CompactRange::restore(size, std::move(compact_hashes));
  if (!range) return std::nullopt;
  Sequencer sequencer(std::move(origin));
  sequencer.range_ = std::move(*range);
  return sequencer;
}

Result<Hash256, EntryFault> Sequencer::append(ByteView entry) {
  auto read = read_entry(as_text(entry));
  if (!read) return fail(read.error());
  if (read->seq != size()) return fail(EntryFault{0, "the number of the entry is not the next of the log"});
  Hash256 leaf = leaf_hash(entry);
  range_.append(leaf);
  return leaf;
}

}  // namespace parlour::audit
