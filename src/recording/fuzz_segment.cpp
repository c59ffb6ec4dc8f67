// Segment files from outside: the clear framing, and the opener behind it with a fixed key (so that seeds
// written with that key reach the records).
#include <cstdlib>

#include "recording/format/opener.h"

using namespace parlour;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView file(data, size);
  const recording::SegmentScan scan = recording::scan_segment(file);
  if (scan.whole_size > size) std::abort();
  std::size_t last_end = 0;
  for (const auto& chunk : scan.chunks) {
    if (chunk.offset < last_end || chunk.offset + chunk.sealed.size() > size) std::abort();
    last_end = chunk.offset + chunk.sealed.size();
  }
  // Reading the records directly, as if they had been authentic.
  Reader reader(file);
  while (reader.remaining() > 0 && recording::decode_record(reader)) continue;

  if (!scan.header || scan.header->ordinal > 1000) return 0;
  recording::PartOpener opener(crypto::Secret(recording::kDekSize), scan.header->recording,
                               scan.header->part);
  opener.open(file, [](const recording::Record&) {});
  return 0;
}
