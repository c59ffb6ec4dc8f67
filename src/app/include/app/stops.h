// When picture and sound did not flow in a meeting that had begun, and why, as its log says: times that no
// recording can hold, and that the picture of its coverage must not leave out. Pure.
//
// The verifier (src/audit/silences.h) reads the same entries more strictly: it believes each reason for so
// long only as a house that keeps its rules could have it. Times without a server begin here when it came
// back, or where the recorder's own gap begins; there with the last entry before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace parlour::app {

struct Stop {
  std::int64_t from_ms = 0, to_ms = 0;  // UTC
  // held: the adviser was out of the call · stopped: nothing could be recorded · server: the recorder was not
  // there
  std::string cause;
  friend bool operator==(const Stop&, const Stop&) = default;
};

class Stops {
 public:
  // The meeting's entries and server.started, parsed, in their order.
  void observe(const Json& entry);
  // Sorted, none overlaps another, inside [from_ms, to_ms). Where two reasons meet, the first of held,
  // stopped, server is named.
  std::vector<Stop> between(std::int64_t from_ms, std::int64_t to_ms) const;

 private:
  // Which entry stopped it. A call that is held is stopped twice, and flows when both are over.
  enum class By { kHold, kMedia, kRestart };
  struct Open {
    By by;
    Stop stop;
  };
  void open(By by, const std::string& cause, std::int64_t at);
  void close(By by, std::int64_t at);
  void close_all(std::int64_t at);

  bool began_ = false, ended_ = false;
  std::vector<Stop> closed_;
  std::vector<Open> open_;
};

// The share of a call, in per mille, that its recording holds. `sent_permille` is the vault's, of what was
// sent; `tracks` are those of its manifest, `stops` as Stops gives them, both in ms of the recording, whose
// call lasted `call_ms`. What is missing of a track while nothing flowed is missing once.
std::int64_t coverage_of_call(std::int64_t sent_permille, const JsonArray& tracks,
                              const std::vector<Stop>& stops, std::int64_t call_ms);

}  // namespace parlour::app
