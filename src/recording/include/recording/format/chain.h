// The chain of segments across parts: numbers without holes, each naming the hash of the one before, the last
// one being what `recording.sealed` fixed in the audit log. Any thread.
#pragma once

#include <string>
#include <vector>

#include "recording/format/segment.h"

namespace parlour::recording {

struct SegmentFact {
  std::uint32_t index = 0;
  std::uint32_t part = 1;
  crypto::Hash256 sha256{};  // of the whole file
  std::uint64_t bytes = 0;
  bool recovered = false;
};

struct ChainFault {
  std::uint32_t index = 0;  // the segment it is about
  std::string what;
};

// Feed the segments in order of their index; a missing file is said with missing().
class ChainCheck {
 public:
  explicit ChainCheck(const RecordingId& recording) : recording_(recording) {}

  void add(std::uint32_t index, const SegmentHeader& header, const crypto::Hash256& file_hash);
  void missing(std::uint32_t index);
  void unreadable(std::uint32_t index, const crypto::Hash256& file_hash);
  // `sealed_segments` and `sealed_last`: what the audit entry says.
  void finish(std::uint32_t sealed_segments, const crypto::Hash256& sealed_last);

  const std::vector<ChainFault>& faults() const { return faults_; }
  bool intact() const { return faults_.empty(); }

 private:
  void expect_index(std::uint32_t index);

  RecordingId recording_;
  std::vector<ChainFault> faults_;
  std::uint32_t next_ = 0;
  std::uint32_t part_ = 0;
  std::uint32_t ordinal_ = 0;
  bool previous_named_ = true;  // previous_ is the hash of the file before
  bool place_known_ = true;     // part_ and ordinal_ are what the next one has to follow
  crypto::Hash256 previous_ = kNoPreviousSegment;
};

}  // namespace parlour::recording
