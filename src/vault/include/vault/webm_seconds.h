// Which bytes of a WebM file hold which second of its sound and pictures, so that whoever sent bytes of it
// can say what was seen and heard (recording.played). Read from the finished file, once, when it is made.
//
// A second's bytes reach from its first block to the end of its last one. Bytes outside all seconds (headers,
// tracks, cues) show nothing. RFC 8794 (EBML), RFC 9559 (Matroska). Memory: 16 bytes a second. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace parlour::vault {

struct ByteSpan {
  std::uint64_t from = 0, to = 0;  // [from, to); both 0: nothing lies in this second
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

class WebmSeconds {
 public:
  static constexpr std::size_t kSecondsMax = 24 * 3600;  // longer than any call may last

  // The file's bytes in order, in pieces of any size.
  void take(ByteView bytes);
  // By second, the first at 0. Nothing when the bytes are no whole WebM file that can be read so.
  std::optional<std::vector<ByteSpan>> finish();

 private:
  enum class State { kHead, kSkip, kNumber, kBlock };
  void byte(std::uint8_t value);
  void head_complete();
  void block(std::int16_t relative);

  State state_ = State::kHead;
  bool failed_ = false, segment_ = false;
  std::uint64_t position_ = 0;  // of the next byte
  Bytes head_;                  // of the element that is being read: id and size, at most 12 bytes
  std::uint64_t element_ = 0;   // where it begins
  std::uint32_t id_ = 0;
  std::uint64_t left_ = 0;  // of its content
  Bytes content_;           // of a number, or the beginning of a block
  std::uint64_t scale_ns_ = 1'000'000;
  std::uint64_t cluster_time_ = 0;
  std::vector<ByteSpan> seconds_;
};

}  // namespace parlour::vault
