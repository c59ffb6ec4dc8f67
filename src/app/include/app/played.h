// What of a recorded file was really sent, in whole seconds of it: what the entries `recording.played` say.
//
// Neither order nor size of the pieces matters, and memory is bounded by the file's length: pieces become
// seconds at once, and touching seconds one range. A second counts as soon as one byte of it was sent. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/json.h"

namespace parlour::app {

class Seconds {
 public:
  using Range = std::pair<std::uint32_t, std::uint32_t>;  // [from, to)

  void add(std::uint32_t from, std::uint32_t to);
  const std::vector<Range>& ranges() const { return ranges_; }  // sorted, none touches another
  std::uint64_t count() const;
  bool empty() const { return ranges_.empty(); }

 private:
  std::vector<Range> ranges_;
};

// Which seconds the bytes of one file are (`seconds` of a rendition,
// contracts/recording-manifest.schema.json). Bytes that hold no sound and no picture are none. Without that
// list any byte counts as the whole file: more than was sent rather than less.
class ByteClock {
 public:
  ByteClock() = default;
  ByteClock(const Json* seconds, std::int64_t duration_ms);
  void add(std::uint64_t from, std::uint64_t to, Seconds& out) const;  // the seconds of [from, to)

 private:
  struct Span {
    std::uint64_t from, to;
    std::uint64_t latest_end, earliest_begin;  // of all seconds up to this one; from this one on
  };
  std::vector<Span> spans_;
  std::uint32_t whole_ = 0;
};

}  // namespace parlour::app
