#include "recording/format/chain.h"

namespace parlour::recording {

void ChainCheck::expect_index(std::uint32_t index) {
  while (next_ < index) missing(next_);
}

void ChainCheck::add(std::uint32_t index, const SegmentHeader& header, const crypto::Hash256& file_hash) {
  expect_index(index);
  if (header.recording != recording_) faults_.push_back({index, "belongs to another recording"});
  if (header.index != index) faults_.push_back({index, "its header has another number"});
  const bool goes_on = header.part == part_ && header.ordinal == ordinal_;
  const bool new_part = header.part > part_ && header.ordinal == 0;
  if (!goes_on && !new_part && place_known_)
    faults_.push_back({index, "part or place in the part is out of order"});
  if (previous_named_ && header.previous != previous_)
    faults_.push_back({index > 0 ? index - 1 : 0, index > 0 ? "was altered: its successor names other bytes"
                                                            : "names a predecessor, but is the first"});
  part_ = header.part;
  ordinal_ = header.ordinal + 1;
  previous_ = file_hash;
  previous_named_ = place_known_ = true;
  next_ = index + 1;
}

void ChainCheck::missing(std::uint32_t index) {
  faults_.push_back({index, "is missing"});
  previous_named_ = place_known_ = false;
  next_ = index + 1;
}

void ChainCheck::unreadable(std::uint32_t index, const crypto::Hash256& file_hash) {
  expect_index(index);
  faults_.push_back({index, "its header cannot be read"});
  // The successor's `previous` still has to name these bytes, but the place in the part is not known.
  previous_ = file_hash;
  previous_named_ = true;
  place_known_ = false;
  next_ = index + 1;
}

void ChainCheck::finish(std::uint32_t sealed_segments, const crypto::Hash256& sealed_last) {
  expect_index(sealed_segments);
  if (next_ > sealed_segments) faults_.push_back({sealed_segments, "was added after sealing"});
  if (sealed_segments > 0 && (!previous_named_ || previous_ != sealed_last))
    faults_.push_back({sealed_segments - 1, "is not the last segment that was sealed"});
}

}  // namespace parlour::recording
