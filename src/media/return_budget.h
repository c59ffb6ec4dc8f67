// What may be sent to an address before its owner has shown that our packets reach him: three times what came
// from there (as RFC 9000 8.1 has it for QUIC). An authenticated STUN check proves that its sender knows the
// password, not that he lives where the packet says: without this bound one forged ClientHello draws the
// server's flight and all its repetitions onto somebody else. A finished DTLS handshake is the proof, then
// nothing is counted any more. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rtc/address.h"

namespace parlour::media {

class ReturnBudget {
 public:
  static constexpr std::uint64_t kFactor = 3;

  void received(const rtc::Address& from, std::size_t size) {
    if (proven_) return;
    Entry* entry = find(from);
    if (entry == nullptr) {
      // The one that was heard least recently gives way; it starts again with what it sends then.
      if (entries_.size() >= kAddressesMax) entries_.erase(entries_.begin());
      entry = &entries_.emplace_back(Entry{from, 0, 0});
    } else {
      std::rotate(entries_.begin() + (entry - entries_.data()),
                  entries_.begin() + (entry - entries_.data()) + 1, entries_.end());
      entry = &entries_.back();
    }
    entry->received += size;
  }

  // False: not now. What is held back is sent again by DTLS when more has come.
  bool take(const rtc::Address& to, std::size_t size) {
    if (proven_) return true;
    Entry* entry = find(to);
    if (entry == nullptr || entry->sent + size > kFactor * entry->received) return false;
    entry->sent += size;
    return true;
  }

  void prove() {
    proven_ = true;
    entries_.clear();
  }

 private:
  // As many as ICE remembers, and as many strangers again.
  static constexpr std::size_t kAddressesMax = 16;
  struct Entry {
    rtc::Address address;
    std::uint64_t received;
    std::uint64_t sent;
  };

  Entry* find(const rtc::Address& address) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.address == address; });
    return found == entries_.end() ? nullptr : &*found;
  }

  std::vector<Entry> entries_;
  bool proven_ = false;
};

}  // namespace parlour::media
