#include "network.h"

#include <algorithm>

#include "rtc/demux.h"

namespace parlour::simulation {

void Network::note(std::uint64_t value) {
  // FNV-1a by 64-bit words: a fingerprint of a run, no security.
  hash_ = (hash_ ^ value) * 0x100000001B3u;
}

void Network::send(Datagram datagram, SteadyTime now) {
  ++sent_;
  const auto kind = rtc::classify(datagram.bytes);
  const bool lost = random_.u32() % 100 < static_cast<std::uint32_t>(config_.loss_percent);
  const std::int64_t jitter = config_.jitter.count() == 0 ? 0 : random_.u32() % config_.jitter.count();
  note(static_cast<std::uint64_t>(now.us));
  note(std::uint64_t{datagram.from.port()} << 32 | datagram.to.port());
  note(static_cast<std::uint64_t>(kind) << 32 | (lost ? 1u : 0u));
  if (kind != rtc::PacketKind::kDtls) note(datagram.bytes.size());
  if (lost || std::find(cut_.begin(), cut_.end(), datagram.from) != cut_.end() ||
      std::find(cut_.begin(), cut_.end(), datagram.to) != cut_.end()) {
    ++lost_;
    return;
  }
  const SteadyTime arrival = now + config_.delay + Duration(jitter);
  under_way_.emplace(std::pair(arrival, sent_), std::move(datagram));
}

void Network::cut(const rtc::Address& address, bool cut) {
  std::erase(cut_, address);
  if (cut) cut_.push_back(address);
}

std::optional<SteadyTime> Network::next_arrival() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.begin()->first.first;
}

std::optional<Datagram> Network::take_arrived(SteadyTime now) {
  if (under_way_.empty() || under_way_.begin()->first.first > now) return std::nullopt;
  Datagram datagram = std::move(under_way_.begin()->second);
  under_way_.erase(under_way_.begin());
  return datagram;
}

}  // namespace parlour::simulation
