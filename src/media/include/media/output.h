// Packets that wait to be sent: one arena of bytes and a list of (address, place), both allocated once.
//
// Packets lie one behind the other, so that a burst to one address is one piece of memory. A writer asks for
// room with begin(), fills a prefix of it and commit()s; without commit nothing happens. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "rtc/address.h"

namespace parlour::media {

class OutputBatch {
 public:
  // Largest packet, tag included. Longer than any path MTU that browsers use.
  static constexpr std::size_t kPacketMax = 2048;

  struct Packet {
    rtc::Address to;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };

  OutputBatch(std::size_t packets_max, std::size_t bytes_max) : packets_max_(packets_max), arena_(bytes_max) {
    packets_.reserve(packets_max);
  }

  // Room for one packet of at most kPacketMax bytes; empty when the batch is full.
  MutableByteView begin() {
    if (packets_.size() >= packets_max_ || arena_.size() - used_ < kPacketMax) return {};
    return MutableByteView(arena_).subspan(used_, kPacketMax);
  }
  void commit(const rtc::Address& to, std::size_t size) {
    packets_.push_back({to, static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(size)});
    used_ += size;
  }
  // A packet that exists already. False: full, or too long.
  bool append(const rtc::Address& to, ByteView packet) {
    MutableByteView room = begin();
    if (packet.size() > room.size()) return false;
    std::copy(packet.begin(), packet.end(), room.begin());
    commit(to, packet.size());
    return true;
  }

  bool empty() const { return packets_.empty(); }
  std::size_t size() const { return packets_.size(); }
  // True when it should be sent before more is handled: one more packet may have many receivers.
  bool filling() const { return packets_.size() * 2 >= packets_max_ || used_ * 2 >= arena_.size(); }
  const std::vector<Packet>& packets() const { return packets_; }
  ByteView bytes(const Packet& packet) const { return ByteView(arena_).subspan(packet.offset, packet.size); }
  void clear() {
    packets_.clear();
    used_ = 0;
  }

 private:
  std::size_t packets_max_;
  Bytes arena_;
  std::vector<Packet> packets_;
  std::size_t used_ = 0;
};

}  // namespace parlour::media
