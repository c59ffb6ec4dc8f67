#include "uplink_stream.h"

#include <algorithm>

namespace parlour::media {

UplinkStream::UplinkStream(EndpointId endpoint, Slot slot, Codec codec)
    : endpoint_(endpoint), slot_(slot), codec_(codec), stats_(0, clock_rate()), guard_(slot, codec) {}

void UplinkStream::begin_source() {
  ++source_number_;
  unwrapper_ = {};
  received_.clear();
  stats_ = rtc::ReceptionStats(source_.ssrc, clock_rate());
  quality_received = 0;
  quality_lost = 0;
  history_.clear();
  held_.clear();
  held_next_ = 0;
  held_count_ = 0;
  sender_clock_.reset();
  nack_.reset();
  if (source_.nack) nack_.emplace();
}

void UplinkStream::set_source(const Source& source) {
  // An answer that does not name the SSRC says nothing against the one that was learnt from packets.
  const bool same = source_number_ != 0 && (source.ssrc == 0 || source.ssrc == source_.ssrc);
  const Source old = source_;
  source_ = source;
  enabled_ = true;
  if (!same) {
    begin_source();
    return;
  }
  source_.ssrc = old.ssrc;
  if (source.rtx_ssrc == 0) source_.rtx_ssrc = old.rtx_ssrc;
  if (source_.nack != nack_.has_value()) {
    nack_.reset();
    if (source_.nack) nack_.emplace();
  }
}

bool UplinkStream::bind_ssrc(std::uint32_t ssrc, SteadyTime now) {
  if (source_.ssrc == ssrc) return true;
  if (is_change(ssrc) && !source_changes_.take(now)) return false;
  source_.ssrc = ssrc;
  source_.rtx_ssrc = 0;
  begin_source();
  return true;
}

std::optional<std::uint64_t> UplinkStream::note_arrival(const rtc::RtpHeader& header, bool recovered,
                                                        SteadyTime now) {
  if (recovered && !unwrapper_.started()) return std::nullopt;
  const std::uint64_t sequence = unwrapper_.unwrap(header.sequence);
  if (!recovered) stats_.on_packet(sequence, header.timestamp, now);
  if (!received_.insert(sequence)) return std::nullopt;
  if (nack_) nack_->on_packet(sequence, now);
  return sequence;
}

void UplinkStream::note_key_frame(std::uint64_t sequence, bool recorded) {
  // Who watches has no use for what came before a key frame; a recording wants every frame that was sent.
  if (nack_ && !recorded) nack_->on_key_frame(sequence);
  key_frames_.on_key_frame();
}

bool UplinkStream::hold(std::uint64_t sequence, std::uint32_t timestamp) {
  if (held_.empty()) held_.resize(kHeldMax);
  Held& place = held_[held_next_];
  held_next_ = (held_next_ + 1) % kHeldMax;
  const bool was_empty = place.sequence == 0;
  if (was_empty) ++held_count_;
  place = {sequence, timestamp};
  return was_empty;
}

std::vector<std::uint64_t> UplinkStream::release(std::uint32_t timestamp) {
  std::vector<std::uint64_t> released;
  if (held_count_ == 0) return released;
  for (Held& held : held_) {
    if (held.sequence == 0 || held.timestamp != timestamp) continue;
    released.push_back(held.sequence);
    held = {};
    --held_count_;
  }
  std::sort(released.begin(), released.end());
  return released;
}

void UplinkStream::set_sender_clock(const SenderClock& clock) {
  sender_clock_ = clock;
  stats_.on_sender_report(clock.ntp, clock.arrival);
}

}  // namespace parlour::media
