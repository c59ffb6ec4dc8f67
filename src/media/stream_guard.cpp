#include "stream_guard.h"

#include "rtc/vp8_descriptor.h"

namespace parlour::media {

void SenderGuard::set(const GuardConfig& config) {
  // A new call counts its epochs from 1 again; what was activated in the one before says nothing about it.
  if (config_ && config.newest_epoch < config_->newest_epoch) {
    activated_ = activated_before_ = 0;
    activated_at_ = {};
  }
  config_ = config;
}

void SenderGuard::set_activated(std::uint16_t epoch, SteadyTime now) {
  // Repeated after a resumed connection; the first one counts.
  if (epoch <= activated_) return;
  activated_before_ = activated_;
  activated_ = epoch;
  activated_at_ = now;
}

e2ee::GuardContext SenderGuard::context(Slot slot, Codec codec) const {
  e2ee::GuardContext context;
  context.codec = codec == Codec::kVp8 ? e2ee::FrameCodec::kVp8 : e2ee::FrameCodec::kOpus;
  context.idx = config_->index;
  context.slot = static_cast<std::uint8_t>(slot);
  context.newest_epoch = config_->newest_epoch;
  const std::uint16_t newest = config_->newest_epoch;
  const auto before = static_cast<std::uint16_t>(newest > 0 ? newest - 1 : 0);
  if (activated_ >= newest && activated_ != 0) {
    context.oldest_epoch = activated_before_ != 0 && activated_before_ < newest ? activated_before_ : before;
    context.old_epochs_until = activated_at_ + e2ee::kOldEpochGrace;
  } else {
    context.oldest_epoch = activated_ != 0 ? activated_ : before;
  }
  return context;
}

void StreamGuard::remember(std::uint32_t timestamp, std::uint16_t epoch) {
  frames_[next_frame_] = {timestamp, epoch, true};
  next_frame_ = (next_frame_ + 1) % kFrames;
}

const StreamGuard::Frame* StreamGuard::find(std::uint32_t timestamp) const {
  // From the newest: a packet's frame is nearly always the last one.
  for (std::size_t back = 1; back <= kFrames; ++back) {
    const Frame& frame = frames_[(next_frame_ + kFrames - back) % kFrames];
    if (!frame.known) return nullptr;
    if (frame.timestamp == timestamp) return &frame;
  }
  return nullptr;
}

GuardVerdict StreamGuard::judge(const SenderGuard& sender, ByteView payload, std::uint32_t timestamp,
                                SteadyTime now) {
  using Outcome = GuardVerdict::Outcome;
  GuardVerdict verdict;
  const auto outcome = [&](Outcome o) {
    verdict.outcome = o;
    return verdict;
  };
  if (!sender.config()) return outcome(Outcome::kUnarmed);
  if (stopped_) return outcome(Outcome::kStopped);
  if (payload.empty()) return outcome(Outcome::kPass);

  ByteView frame = payload;
  if (codec_ == Codec::kVp8) {
    const auto descriptor = rtc::parse_vp8_descriptor(payload);
    if (!descriptor) return outcome(Outcome::kMalformed);
    frame = payload.subspan(descriptor->size);
    verdict.frame.starts_frame = descriptor->starts_frame();
  } else {
    verdict.frame.starts_frame = true;
  }

  if (!sender.config()->enabled) {
    // Without SFrame the first byte is VP8's own, with the same bit (RFC 6386 9.1).
    verdict.frame.key_frame =
        codec_ == Codec::kVp8 && verdict.frame.starts_frame && !frame.empty() && (frame[0] & 1) == 0;
    return outcome(Outcome::kPass);
  }
  if (!verdict.frame.starts_frame) {
    const Frame* known = find(timestamp);
    if (known == nullptr) return outcome(Outcome::kHold);
    verdict.frame.epoch = known->epoch;
    return outcome(Outcome::kPass);
  }

  const e2ee::FrameStart start = e2ee::judge_frame_start(frame, sender.context(slot_, codec_), now);
  if (start.verdict != e2ee::FrameVerdict::kGood) {
    stopped_ = true;
    verdict.reason = e2ee::to_text(start.verdict);
    return outcome(Outcome::kTripped);
  }
  verdict.frame.key_frame = start.key_frame;
  verdict.frame.epoch = start.kid.epoch;
  if (codec_ == Codec::kVp8) remember(timestamp, start.kid.epoch);
  return outcome(Outcome::kPass);
}

}  // namespace parlour::media
