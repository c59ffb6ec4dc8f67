#include "rtc/nack_generator.h"

#include <algorithm>
#include <utility>

namespace parlour::rtc {

NackGenerator::NackGenerator(const Config& config) : config_(config) {
  missing_.reserve(config_.missing_max);
  due_.reserve(config_.missing_max);
}

void NackGenerator::on_packet(std::uint64_t sequence, SteadyTime now) {
  if (!started_) {
    started_ = true;
    highest_ = sequence;
    return;
  }
  if (sequence <= highest_) {
    const auto it = std::lower_bound(missing_.begin(), missing_.end(), sequence,
                                     [](const Missing& m, std::uint64_t s) { return m.sequence < s; });
    if (it != missing_.end() && it->sequence == sequence) missing_.erase(it);
    return;
  }
  const std::uint64_t gap = sequence - highest_ - 1;
  const std::uint64_t first = highest_ + 1;
  highest_ = sequence;
  if (gap == 0) return;
  if (gap > config_.missing_max) {
    // No retransmission fills a hole of this size: start anew from a key frame.
    given_up_ += missing_.size() + gap;
    missing_.clear();
    key_frame_needed_ = true;
    return;
  }
  const std::size_t wanted = missing_.size() + static_cast<std::size_t>(gap);
  if (wanted > config_.missing_max) {
    const std::size_t excess = wanted - config_.missing_max;
    missing_.erase(missing_.begin(), missing_.begin() + static_cast<std::ptrdiff_t>(excess));
    given_up_ += excess;
    key_frame_needed_ = true;
  }
  for (std::uint64_t s = first; s < sequence; ++s) missing_.push_back({s, now, now, 0});
}

void NackGenerator::on_key_frame(std::uint64_t sequence) {
  std::erase_if(missing_, [&](const Missing& missing) { return missing.sequence < sequence; });
}

SteadyTime NackGenerator::due(const Missing& missing, Duration round_trip) const {
  if (missing.tries == 0) return missing.since + config_.reorder_delay;
  return missing.last_asked + std::max(round_trip, config_.retry_min);
}

const std::vector<std::uint16_t>& NackGenerator::take_due(Duration round_trip, SteadyTime now) {
  due_.clear();
  const std::size_t before = missing_.size();
  std::erase_if(missing_, [&](const Missing& missing) {
    return now - missing.since >= config_.give_up_after ||
           (missing.tries >= config_.tries_max && due(missing, round_trip) <= now);
  });
  if (missing_.size() != before) {
    given_up_ += before - missing_.size();
    key_frame_needed_ = true;
  }
  for (Missing& missing : missing_) {
    if (due(missing, round_trip) > now) continue;
    missing.last_asked = now;
    ++missing.tries;
    due_.push_back(static_cast<std::uint16_t>(missing.sequence));
  }
  return due_;
}

std::optional<SteadyTime> NackGenerator::next_deadline(Duration round_trip) const {
  std::optional<SteadyTime> next;
  for (const Missing& missing : missing_) {
    const SteadyTime at = std::min(due(missing, round_trip), missing.since + config_.give_up_after);
    next = next ? std::min(*next, at) : at;
  }
  return next;
}

bool NackGenerator::take_key_frame_needed() {
  return std::exchange(key_frame_needed_, false);
}

void NackGenerator::reset() {
  missing_.clear();
  started_ = false;
  key_frame_needed_ = false;
}

}  // namespace parlour::rtc
