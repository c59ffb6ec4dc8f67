#include "rtc/transport_cc_feedback.h"

#include <algorithm>
#include <cstdlib>

#include "rtc/rtcp.h"

namespace parlour::rtc {

namespace {

constexpr std::int64_t kTickUs = 250;
constexpr std::int64_t kTicksPerReference = 256;  // 64 ms
constexpr std::int64_t kStepMax = 32'767;
// Together at most 350 · 2 bytes of deltas and 1,024 / 7 · 2 bytes of chunks: below a datagram.
constexpr std::size_t kStatusesMax = 1024;
constexpr std::size_t kReceivedMax = 350;

}  // namespace

TransportCcFeedback::TransportCcFeedback() : slots_(kWindow) {}

void TransportCcFeedback::on_packet(std::uint16_t transport_sequence, SteadyTime arrival) {
  const std::uint64_t sequence = unwrapper_.unwrap(transport_sequence);
  if (base_ == 0 || sequence >= base_ + kWindow) {
    base_ = sequence;
  } else if (sequence < base_) {
    // Came after its report had called it lost: report again from here, the sender likes late news better
    // than none.
    if (end_ - sequence > kWindow) return;
    base_ = sequence;
  }
  Slot& slot = slots_[sequence % kWindow];
  if (slot.sequence == sequence) return;  // a duplicate
  slot = {sequence, arrival};
  end_ = std::max(end_, sequence + 1);
  if (!pending_) {
    pending_ = true;
    due_ = arrival + kInterval;
  }
}

std::optional<SteadyTime> TransportCcFeedback::next_deadline() const {
  if (!pending_) return std::nullopt;
  return due_;
}

std::vector<Bytes> TransportCcFeedback::take_due(std::uint32_t sender_ssrc, std::uint32_t media_ssrc,
                                                 SteadyTime now) {
  std::vector<Bytes> packets;
  if (!pending_ || now < due_) return packets;
  pending_ = false;

  TransportFeedback feedback{sender_ssrc, media_ssrc, 0, 0, {}};
  std::size_t received = 0;
  std::int64_t reference_ticks = 0;
  std::int64_t last_ticks = 0;
  const auto finish = [&] {
    // Statuses without any arrival say nothing that the next report's base does not say.
    if (received > 0) {
      feedback.feedback_count = feedback_count_++;
      append_transport_feedback(packets.emplace_back(), feedback);
    }
    feedback.packets.clear();
    received = 0;
  };
  for (std::uint64_t sequence = base_; sequence < end_; ++sequence) {
    const Slot& slot = slots_[sequence % kWindow];
    const bool is_received = slot.sequence == sequence;
    const std::int64_t ticks = slot.arrival.us / kTickUs;
    const bool step_too_large = is_received && received > 0 && std::abs(ticks - last_ticks) > kStepMax;
    if (feedback.packets.size() == kStatusesMax || received == kReceivedMax || step_too_large) finish();
    if (is_received) {
      if (received == 0) {
        const std::int64_t reference = ticks / kTicksPerReference;
        reference_ticks = reference * kTicksPerReference;
        feedback.reference_64ms = static_cast<std::uint32_t>(reference & 0xFFFFFF);
      }
      ++received;
      last_ticks = ticks;
    }
    feedback.packets.push_back({static_cast<std::uint16_t>(sequence), is_received, ticks - reference_ticks});
  }
  finish();
  base_ = end_;
  return packets;
}

}  // namespace parlour::rtc
