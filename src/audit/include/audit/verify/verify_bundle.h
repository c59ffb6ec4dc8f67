// The offline verifier: a bundle, a pinned key and perhaps an older head in; a report out. No network, no
// database, no clock of its own; includes the format only, never the writer. Any thread.
//
// Runs over the entries once, on as many threads as it is given. Beside the bundle, which may be a mapped
// file, it needs at most 64 MiB and 256 bytes a meeting, whatever the bundle's size and shape.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/format/note.h"
#include "audit/verify/report.h"
#include "base/bytes.h"
#include "base/time.h"

namespace parlour::audit {

struct VerifyOptions {
  // The log's key (and its successors), from outside the bundle. Empty: status 5, "key not pinned".
  std::vector<VerifierKey> keys;
  // A head (signed note) that the reader kept from before. Absent: the report says that rollback was not
  // checked.
  std::optional<std::string> since;
  // Entries beyond this moment are named in the report (a wrong clock here or there). Absent: not looked at.
  std::optional<UtcTime> now;
  // How far an entry's time may lie before that of an earlier one: a corrected clock.
  Duration time_tolerance = std::chrono::seconds(5);
  CompletenessOptions completeness;
  // How many threads read and hash, this one included. The report is the same with any number.
  unsigned threads = 1;
  // Called on any of these threads after every few MiB that were read: the caller of a mapped file lets its
  // pages go.
  std::function<void()> trim;
};

Report verify_bundle(ByteView bundle, const VerifyOptions& options);

}  // namespace parlour::audit
