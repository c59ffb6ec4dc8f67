// When picture and sound did not flow in a meeting that had begun, and why, as its log says: times that no
// recording can hold, and that the picture of its coverage must not leave out. The verifier's completeness
// excuses the same times (src/audit/completeness.cpp). Pure.
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
  // The meeting's entries, parsed, in their order.
  void observe(const Json& entry);
  // Sorted, none overlaps another, inside [from_ms, to_ms). Where two reasons meet, the first of held,
  // stopped, server is named.
  std::vector<Stop> between(std::int64_t from_ms, std::int64_t to_ms) const;

 private:
  void open(const std::string& cause, std::int64_t at);
  void close(const std::string& cause, std::int64_t at);

  bool began_ = false;
  std::vector<Stop> closed_, open_;
};

}  // namespace parlour::app
