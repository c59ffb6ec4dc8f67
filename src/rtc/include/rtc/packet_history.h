// The last packets of one stream, kept for retransmission: `age_max` or `bytes_max`, whichever is less
// (design.md 8).
//
// A byte ring and an index by sequence number. Both begin small and double up to their limits, so a quiet
// stream costs little; once grown, store() allocates nothing. One history per *sender's* stream serves all
// its receivers. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace parlour::rtc {

class PacketHistory {
 public:
  struct Config {
    Duration age_max = 1s;
    std::size_t bytes_max = 1024 * 1024;
    std::size_t packets_max = 4096;  // a power of two
  };
  PacketHistory() : PacketHistory(Config()) {}
  explicit PacketHistory(const Config& config);

  // sequence: extended to 64 bits. Packets longer than 2,048 bytes, and ones stored before, are not kept.
  void store(std::uint64_t sequence, ByteView packet, SteadyTime now);
  // Null view when it is unknown or too old. Valid until the next store().
  ByteView find(std::uint64_t sequence, SteadyTime now) const;
  void clear();

  std::size_t bytes_allocated() const { return ring_.capacity() + entries_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    std::uint64_t sequence = 0;
    std::uint64_t position = 0;  // count of bytes ever written; the place is position modulo ring size
    std::uint32_t size = 0;      // 0: empty
    SteadyTime stored_at;
  };
  // The write position is back at the ring's front: grows the ring when the last lap was shorter than
  // age_max.
  void begin_lap(SteadyTime now);
  void grow_entries();
  bool alive(const Entry& entry, SteadyTime now) const;

  Config config_;
  Bytes ring_;
  std::vector<Entry> entries_;  // by sequence modulo size
  std::uint64_t written_ = 0;
  SteadyTime lap_started_;
};

}  // namespace parlour::rtc
