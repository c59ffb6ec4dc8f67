#include "e2ee/guard.h"

#include "e2ee/sframe_header.h"

namespace parlour::e2ee {
namespace {

FrameVerdict judge_kid(const Kid& kid, const GuardContext& context, SteadyTime now) {
  if (kid.epoch > context.newest_epoch) return FrameVerdict::kEpochFuture;
  if (kid.epoch < context.newest_epoch &&
      (kid.epoch < context.oldest_epoch || (context.old_epochs_until && now >= *context.old_epochs_until))) {
    return FrameVerdict::kEpochPast;
  }
  if (kid.idx != context.idx) return FrameVerdict::kIndex;
  if (kid.slot != context.slot) return FrameVerdict::kSlot;
  return FrameVerdict::kGood;
}

}  // namespace

FrameStart judge_frame_start(ByteView frame, const GuardContext& context, SteadyTime now) {
  FrameStart start;
  if (context.codec == FrameCodec::kVp8) {
    auto shim = parse_shim(frame);
    if (!shim) {
      start.verdict = FrameVerdict::kShim;
      return start;
    }
    start.key_frame = shim->key_frame;
    frame = frame.subspan(shim->size);
  }
  auto header = parse_sframe_header(frame);
  if (!header) {
    start.verdict = FrameVerdict::kHeader;
    return start;
  }
  if (frame.size() - header->size < kSframeTagSize) {
    start.verdict = FrameVerdict::kTooShort;
    return start;
  }
  auto kid = Kid::from_value(header->kid);
  if (!kid) {
    start.verdict = FrameVerdict::kKid;
    return start;
  }
  if (header->counter >= kCounterLimit) {
    start.verdict = FrameVerdict::kCounter;
    return start;
  }
  start.kid = *kid;
  start.verdict = judge_kid(*kid, context, now);
  return start;
}

std::string_view to_text(FrameVerdict verdict) {
  switch (verdict) {
    case FrameVerdict::kGood:
      return "good";
    case FrameVerdict::kTooShort:
      return "too_short";
    case FrameVerdict::kShim:
      return "shim";
    case FrameVerdict::kHeader:
      return "header";
    case FrameVerdict::kKid:
      return "kid";
    case FrameVerdict::kCounter:
      return "counter";
    case FrameVerdict::kEpochFuture:
      return "epoch_future";
    case FrameVerdict::kEpochPast:
      return "epoch_past";
    case FrameVerdict::kIndex:
      return "index";
    case FrameVerdict::kSlot:
      return "slot";
  }
  return "unknown";
}

}  // namespace parlour::e2ee
