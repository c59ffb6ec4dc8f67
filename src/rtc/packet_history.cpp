#include "rtc/packet_history.h"

#include <algorithm>

namespace parlour::rtc {

namespace {

constexpr std::size_t kRingMin = 16 * 1024;
constexpr std::size_t kEntriesMin = 64;
constexpr std::size_t kPacketMax = 2048;

}  // namespace

PacketHistory::PacketHistory(const Config& config) : config_(config) {}

bool PacketHistory::alive(const Entry& entry, SteadyTime now) const {
  return entry.size != 0 && written_ - entry.position <= ring_.size() &&
         now - entry.stored_at <= config_.age_max;
}

void PacketHistory::store(std::uint64_t sequence, ByteView packet, SteadyTime now) {
  if (packet.empty() || packet.size() > kPacketMax || packet.size() > config_.bytes_max) return;
  if (ring_.empty()) {
    ring_.resize(std::min(kRingMin, config_.bytes_max));
    entries_.resize(std::min(kEntriesMin, config_.packets_max));
    lap_started_ = now;
  }
  const std::size_t place = static_cast<std::size_t>(written_ % ring_.size());
  if (place + packet.size() > ring_.size()) {
    // Packets lie in one piece: the rest of the lap stays empty.
    written_ += ring_.size() - place;
    begin_lap(now);
  }
  while (true) {
    const Entry& old = entries_[sequence % entries_.size()];
    if (!alive(old, now) || old.sequence == sequence) break;
    if (entries_.size() >= config_.packets_max) {
      if (old.sequence > sequence) return;  // too late to be of use
      break;
    }
    grow_entries();
  }
  Entry& entry = entries_[sequence % entries_.size()];
  if (entry.sequence == sequence && alive(entry, now)) return;
  std::copy(packet.begin(), packet.end(),
            ring_.begin() + static_cast<std::ptrdiff_t>(written_ % ring_.size()));
  entry = {sequence, written_, static_cast<std::uint32_t>(packet.size()), now};
  written_ += packet.size();
}

ByteView PacketHistory::find(std::uint64_t sequence, SteadyTime now) const {
  if (entries_.empty()) return {};
  const Entry& entry = entries_[sequence % entries_.size()];
  if (entry.sequence != sequence || !alive(entry, now)) return {};
  return ByteView(ring_).subspan(static_cast<std::size_t>(entry.position % ring_.size()), entry.size);
}

void PacketHistory::clear() {
  ring_ = {};
  entries_ = {};
  written_ = 0;
}

void PacketHistory::begin_lap(SteadyTime now) {
  const bool too_quick = now - lap_started_ < config_.age_max;
  if (!too_quick || ring_.size() >= config_.bytes_max) {
    lap_started_ = now;
    return;
  }
  // The lap that just ended becomes the front of a larger ring. Counting starts anew so that its places stay
  // right; what is from an earlier lap has been overwritten.
  const std::uint64_t lap_begin = written_ - ring_.size();
  for (Entry& entry : entries_) {
    if (entry.position < lap_begin) {
      entry = {};
    } else {
      entry.position -= lap_begin;
    }
  }
  written_ = ring_.size();
  ring_.resize(std::min(2 * ring_.size(), config_.bytes_max));
}

void PacketHistory::grow_entries() {
  std::vector<Entry> larger(std::min(2 * entries_.size(), config_.packets_max));
  for (const Entry& entry : entries_) {
    if (entry.size != 0) larger[entry.sequence % larger.size()] = entry;
  }
  entries_ = std::move(larger);
}

}  // namespace parlour::rtc
