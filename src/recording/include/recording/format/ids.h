// Names of what is recorded: the recording, its parts and its segments.
//
//   recording  one per recorded meeting, a directory of segments
//    └ part    one capture: each start (first, after a crash, on another node) makes one, with a DEK of its
//    own; from 1
//       └ segment  a file NNNNNN.seg of at most 10 s or 8 MiB; `index` runs on across parts, `ordinal` from 0
//       in a part
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "crypto/hash.h"

namespace parlour::recording {

using RecordingId = Id<struct RecordingTag>;

// "000000.seg" … ; six digits last longer than any meeting (10 s each: 115 days).
std::string segment_file_name(std::uint32_t index);
std::optional<std::uint32_t> segment_index_of(std::string_view file_name);
constexpr std::uint32_t kSegmentIndexMax = 999'999;

// What the first segment of a recording names as its predecessor: 32 zero bytes.
constexpr crypto::Hash256 kNoPreviousSegment{};

}  // namespace parlour::recording
