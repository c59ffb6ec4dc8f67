// Who is missing what: counters of frames against what their senders attested, as intervals and named gaps
// (e2ee.md 10). One thread.
//
// Every KID counts its frames from 0; each number must come once. A number that is attested (Progress,
// Activated) and did not come is a gap, named with its cause; time without a missing number is mute or camera
// off, and no gap.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace parlour::vault {

// Consecutive counters, in the recording's clock.
struct FrameRun {
  std::uint32_t first = 0, last = 0;
  UtcTime from, to;  // of the first and the last frame
};

class KidAccount {
 public:
  // Holes between counters that are remembered, of one key: every second frame of two and a half hours of
  // sound.
  static constexpr std::size_t kRunsMax = 250'000;
  // False: this counter came before (a replayed or doubled frame), or would make one run too many.
  bool take(std::uint32_t counter, UtcTime at);
  // What the sender says was its last counter; the highest counts.
  void attest(std::uint32_t last, bool final);

  // In order of their counters.
  const std::map<std::uint32_t, FrameRun>& runs() const { return runs_; }
  std::optional<std::uint32_t> attested_last() const { return attested_last_; }
  bool attested_finally() const { return final_; }
  std::uint64_t frames() const { return frames_; }
  // The usual distance of its frames; `usual` while too few have come to tell.
  Duration interval(Duration usual) const;

 private:
  std::map<std::uint32_t, FrameRun> runs_;  // by first counter; no two touch
  std::optional<std::uint32_t> attested_last_;
  bool final_ = false;
  std::uint64_t frames_ = 0;
  Duration steps_total_{0};
  std::uint64_t steps_ = 0;
};

enum class MediaKind : std::uint8_t { kAudio, kVideo, kScreen };
std::string_view to_text(MediaKind kind);

// kStorage: the log is damaged there. kServer: the recorder was not there. kSource: nothing was captured,
// though the microphone or camera was meant to: it stalled, was unplugged and used again, or the computer
// slept.
enum class GapCause : std::uint8_t { kLoss, kNetwork, kServer, kStorage, kPause, kSource, kTailNotAttested };
std::string_view to_text(GapCause cause);

struct Span {
  UtcTime from, to;
  friend auto operator<=>(const Span&, const Span&) = default;
};
// Sorted, joined where they touch or are at most `join` apart.
std::vector<Span> join_spans(std::vector<Span> spans, Duration join = Duration(0));
// Spans for a list of at most `most` (at least 1): joined where they are nearest to each other, no more of
// them than has to be (and those that lie exactly as near). `within` is the longest distance that was joined
// over: a span may then hold as much of what is none.
std::vector<Span> join_to_fit(std::vector<Span> spans, std::size_t most, Duration& within);
// What of `spans` is in none of `others`; both joined and in order.
std::vector<Span> without(const std::vector<Span>& spans, const std::vector<Span>& others);
Duration total(const std::vector<Span>& spans);  // of joined spans
Duration overlap(const Span& span, const std::vector<Span>& others);

struct Gap {
  GapCause cause = GapCause::kLoss;
  Span span;
  std::uint64_t missing = 0;  // frames that never came
  std::uint64_t skipped = 0;  // frames that came, but depend on a missing one
};

struct Window {
  UtcTime from, to;            // of the recording
  std::vector<Span> absences;  // when the recorder was not there
  std::vector<Span> damaged;   // of which the log is damaged or missing
};

struct KidGaps {
  std::vector<Gap> gaps;
  std::uint64_t missing = 0;     // within the window
  std::uint64_t outside = 0;     // before the capture began or after it ended
  std::uint64_t unattested = 0;  // frames beyond what was attested
};

// `interval`: the usual distance of frames of this kind, when the runs do not show it.
KidGaps find_gaps(const KidAccount& account, const Window& window, Duration interval);
// A gap's cause from its length and place.
GapCause cause_of(const Span& span, const Window& window);
// Gaps of one participant and kind, from all its keys: sorted, joined where they are one event.
// Also those that are at most `apart` from the one before; `between`: the distances that are left.
std::vector<Gap> join_gaps(std::vector<Gap> gaps, Duration apart = Duration(0),
                           std::vector<Duration>* between = nullptr);
// For a list of at most `most` (at least one of each class: lost, paused, not attested): the nearest ones
// become one, with the cause of the longest and all their frames. `within` as above.
std::vector<Gap> gaps_to_fit(std::vector<Gap> gaps, std::size_t most, Duration& within);

}  // namespace parlour::vault
