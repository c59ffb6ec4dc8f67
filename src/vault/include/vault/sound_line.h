// The sound of one person, laid end to end from the recording's origin. A player runs the samples behind a
// hole ahead, without a word and to the end of the file, so there are no holes: what is missing is silence,
// made here and accounted for apart. One thread.
//
//   came      A at 7 ms             B at 67             C at 87   …
//   written   A at 0     20, 40: silence   B at 60      C at 80   …
//
// Frames stay where they follow each other: a place is kept as long as it is within one frame of the time
// that the clock says. Beyond that silence is put in, or, where a sender's clock runs fast and frames pile
// up, one is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "vault/refusal.h"

namespace parlour::vault {

class SoundLine {
 public:
  // Times in µs from the origin; each put follows the one before without a hole.
  using Put = std::function<Result<void, VaultRefusal>(std::int64_t time_us, ByteView frame)>;
  explicit SoundLine(Put put) : put_(std::move(put)) {}

  // In order of time. A frame that comes too early in the line, or beyond kLengthMax, is left out.
  Result<void, VaultRefusal> take(std::int64_t at_us, ByteView frame);

  // [from, to) of the silence that was made, µs from the origin, in order, joined where they touch.
  const std::vector<std::pair<std::int64_t, std::int64_t>>& filled() const { return filled_; }
  std::uint64_t filled_frames() const { return filled_frames_; }
  std::uint64_t left_out_frames() const { return left_out_frames_; }
  std::int64_t end_us() const { return end_us_; }

  // No recording is longer; a time beyond it comes from a broken clock and is not worth hours of silence.
  static constexpr std::int64_t kLengthMax = std::int64_t{48} * 3600 * 1'000'000;

 private:
  Put put_;
  std::int64_t end_us_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> filled_;
  std::uint64_t filled_frames_ = 0;
  std::uint64_t left_out_frames_ = 0;
};

}  // namespace parlour::vault
