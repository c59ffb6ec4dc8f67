// What the log says of a recording, and where its rows in the database say something else.
//
// Rows are only what somebody who can write to the database left there; the log is what was signed. So pages
// show what the log says, and of the rest what agrees with it: the manifest by its hash, what is shown of it
// by the hash of the summary, how long it is kept, who played. The app thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/context.h"
#include "app/played.h"

namespace parlour::app {

// That somebody asked to play or download, and what was sent until now.
struct Play {
  std::uint64_t request = 0;  // number of the entry
  std::string user;           // id
  std::string at;             // RFC 3339
  std::string purpose;        // a code
  bool download = false;
  bool known = false;  // whether anything says how much was sent
  Seconds sent;        // of the recording, of whichever track
};

// What of a row does not agree with the log; names as pages know them (contracts/openapi.yaml).
constexpr std::string_view kDiffersManifest = "manifest", kDiffersSummary = "summary",
                           kDiffersState = "state", kDiffersTimes = "times", kDiffersKeep = "keep_until";

struct RecordingFacts {
  std::string manifest_sha256;  // of recording.verified; "" before it
  std::vector<Play> plays;
  std::set<std::string> differs;

  // Whether the manifest and what is made of it are what the log names: nothing is opened otherwise.
  bool opens() const {
    return !differs.contains(std::string(kDiffersManifest)) &&
           !differs.contains(std::string(kDiffersSummary)) && !differs.contains(std::string(kDiffersState));
  }
};

// Reads the recording's entries. `row` with its manifest.
RecordingFacts facts_of(Context& context, const RecordingRow& row);
// The same of entries that were read: those of the meeting, in order.
RecordingFacts facts_of(const std::vector<AuditEntry>& entries, Digest& digest, const RecordingRow& row);

// As recording.verified names what pages show.
std::string summary_sha256(Digest& digest, const Json& summary);

}  // namespace parlour::app
