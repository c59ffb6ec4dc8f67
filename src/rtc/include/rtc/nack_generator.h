// Finds out which packets of one received stream are missing and when to ask for them (RFC 4585 6.2.1).
//
// A gap is asked for after `reorder_delay` (packets often only change places), again once per round trip (at
// least `retry_min`), at most `tries_max` times or `give_up_after`. When a packet is given up, or the list
// would grow beyond `missing_max`, the frames after it cannot be decoded: key_frame_needed() tells so, once
// per occasion. Sans-I/O, one thread, bounded memory, allocates only at construction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace parlour::rtc {

class NackGenerator {
 public:
  struct Config {
    Duration reorder_delay = 10ms;
    Duration retry_min = 20ms;
    Duration give_up_after = 1s;  // as long as the sender keeps packets
    int tries_max = 10;
    std::size_t missing_max = 512;
  };
  NackGenerator() : NackGenerator(Config()) {}
  explicit NackGenerator(const Config& config);

  // A packet of the stream, received or recovered by RTX; sequence as a SequenceUnwrapper or SRTP gives it.
  void on_packet(std::uint64_t sequence, SteadyTime now);
  // A key frame begins here: what is missing before it is not worth asking for.
  void on_key_frame(std::uint64_t sequence);

  // What to ask for now, ascending; empty when nothing is due. Gives up on what is too old. The reference is
  // valid until the next call.
  const std::vector<std::uint16_t>& take_due(Duration round_trip, SteadyTime now);
  std::optional<SteadyTime> next_deadline(Duration round_trip) const;
  // True once after packets were given up.
  bool take_key_frame_needed();

  std::size_t missing() const { return missing_.size(); }
  std::uint64_t given_up() const { return given_up_; }
  void reset();

 private:
  struct Missing {
    std::uint64_t sequence;
    SteadyTime since;
    SteadyTime last_asked;
    int tries;
  };
  SteadyTime due(const Missing& missing, Duration round_trip) const;

  Config config_;
  std::vector<Missing> missing_;  // ascending by sequence
  std::vector<std::uint16_t> due_;
  std::uint64_t highest_ = 0;
  bool started_ = false;
  bool key_frame_needed_ = false;
  std::uint64_t given_up_ = 0;
};

}  // namespace parlour::rtc
