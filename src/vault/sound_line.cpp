#include "vault/sound_line.h"

#include "vault/opus_packet.h"

namespace parlour::vault {

namespace {

constexpr std::int64_t kSilence = kOpusSilenceLength.count();
// From here on a hole is nearer to a frame's length than to none; frames pile up a little further, so that
// one that is left out does not call for silence at once.
constexpr std::int64_t kHoleMin = kSilence / 2, kPileMax = kSilence * 3 / 4;

}  // namespace

Result<void, VaultRefusal> SoundLine::take(std::int64_t at_us, ByteView frame) {
  const std::int64_t hole = at_us - end_us_;
  if (at_us > kLengthMax || hole < -kPileMax) {
    ++left_out_frames_;
    return {};
  }
  if (hole >= kHoleMin) {
    const std::int64_t from = end_us_;
    for (std::int64_t left = (hole + kSilence / 2) / kSilence; left > 0; --left) {
      if (auto put = put_(end_us_, kOpusSilence); !put) return put;
      ++filled_frames_;
      end_us_ += kSilence;
    }
    if (!filled_.empty() && filled_.back().second == from)
      filled_.back().second = end_us_;
    else
      filled_.emplace_back(from, end_us_);
  }
  if (auto put = put_(end_us_, frame); !put) return put;
  // What no decoder takes has no length of its own; it stands for the frame that it was sent as.
  end_us_ += opus_duration(frame).value_or(kOpusSilenceLength).count();
  return {};
}

}  // namespace parlour::vault
