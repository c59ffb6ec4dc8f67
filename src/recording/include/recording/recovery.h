// Finishes the log that a crash left behind (design.md 9): the last segment is cut at its last whole chunk
// and gets a footer marked `recovered`; everything before it is only looked at. Needs no key. Idempotent: a
// second run changes nothing. Blocks; run it before a new part of the recording starts.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "recording/format/chain.h"
#include "recording/log_writer.h"
#include "recording/store.h"

namespace parlour::recording {

struct RecoveryReport {
  std::vector<SegmentFact> segments;  // all whole ones, in order
  LogPosition next;                   // where a new part goes on
  bool cut = false;                   // a segment was finished by this run
  std::uint64_t bytes_lost = 0;       // after its last whole chunk
  // When the last bytes reached the disk: the gap begins no earlier than a second before it. The vault knows
  // it exactly, from the ticks inside.
  UtcTime last_write;
  std::vector<ChainFault> faults;  // segments that are missing, unreadable or out of the chain
};

Result<RecoveryReport, StoreError> recover(SegmentStore& store, const RecordingId& recording);

}  // namespace parlour::recording
