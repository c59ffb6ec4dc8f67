// The times of one meeting of which its log says that nothing could be recorded, and how far each reason is
// believed. The log's writer is not: every reason has the bound that an honest house cannot pass.
//
//   held     meeting.held .. meeting.resumed. The house ends a held call after the type's hold_s.
//   stopped  media.stopped .. media.resumed, and from a restart to media.resumed: pictures and sound flow
//            only after that entry. The house ends a call that it cannot record after the type's loss_end_s;
//            what does not count is the time in which a call is held, or taken up by fewer than two.
//   server   the last entry of the server before .. server.started: nobody was there to forward anything.
//   paused   recording.paused .. recording.resumed
//   gap      recording.gap. Whoever forwards without a recorder for long has stopped media, and that is an
//            entry of its own: alone a gap is believed for a moment only.
//
// A verdict counts them apart and shows them. Pure; one thread.
#pragma once

#include <cstdint>

#include "audit/verify/completeness.h"
#include "base/ranges.h"

namespace parlour::audit {

class Silences {
 public:
  // `at`: of the entry that says so. `seen`: of the last entry of the whole log before it; how long something
  // lasted is counted to there, as a house that can write nothing can end nothing.
  void hold(std::int64_t at, std::int64_t seen);
  void take_up(std::int64_t at, std::int64_t seen);
  void stop(std::int64_t at);
  void resume(std::int64_t at, std::int64_t seen);
  void restart(std::int64_t away_from, std::int64_t at, std::int64_t seen);
  // Restarted once more meanwhile.
  void count_from(std::int64_t at) { (held() ? hold_counts_ : stop_counts_) = at; }
  void pause(std::int64_t at);
  void unpause(std::int64_t at);
  void gap(std::int64_t from, std::int64_t to) { gaps_.emplace_back(from, to); }
  void two_connected(std::int64_t at);
  // What stood still before was nobody's conversation.
  void meeting_started(std::int64_t at);
  // Whatever is open goes on to here.
  void close(std::int64_t at, std::int64_t seen);

  bool held() const { return held_since_ != kNever; }
  std::int64_t held_since() const { return held_since_; }
  std::size_t size() const {
    return held_.size() + stopped_.size() + server_.size() + paused_.size() + gaps_.size();
  }

  // After close():
  struct Account {
    SilenceTimes ms{};  // not recorded, for this reason
    std::int64_t unexplained_ms = 0;
    bool gap_too_long = false;  // a part of what is unexplained has a gap for its reason
  };
  // `intervals`: what was recorded, joined. A pause or a gap is one of a recording: without a verified one
  // (`recorded`) it explains nothing.
  Account account(Range window, const Ranges& intervals, bool recorded) const;
  // In which there was nothing to record, joined.
  Ranges quiet() const;
  std::int64_t paused_ms() const { return length(joined(paused_)); }
  std::int64_t longest_stop_ms() const { return longest_stop_ms_; }
  std::int64_t longest_hold_ms() const { return longest_hold_ms_; }
  // Whether the recorder went on while the call was held: then it was not.
  bool recorded_while_held(const Ranges& intervals) const;

 private:
  static constexpr std::int64_t kNever = INT64_MAX;

  void count_stop(std::int64_t seen);
  void count_hold(std::int64_t seen);

  std::int64_t held_since_ = kNever, stopped_since_ = kNever, paused_since_ = kNever;
  // From when the house would count until it ends the call.
  std::int64_t hold_counts_ = kNever, stop_counts_ = kNever;
  std::int64_t longest_stop_ms_ = 0, longest_hold_ms_ = 0;
  Ranges held_, stopped_, server_, paused_, gaps_;
};

}  // namespace parlour::audit
