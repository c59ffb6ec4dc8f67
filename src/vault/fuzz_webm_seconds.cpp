// A file as a broken muxer may have written it: whatever it is, the seconds that are found lie inside it, and
// pieces of any size give the same answer as the whole.
#include <cstdlib>

#include "vault/webm_seconds.h"

using namespace parlour;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView file(data, size);
  vault::WebmSeconds whole, pieces;
  whole.take(file);
  for (std::size_t at = 0; at < size;) {
    const std::size_t next = std::min<std::size_t>(size - at, 1 + data[at] % 7);
    pieces.take(file.subspan(at, next));
    at += next;
  }
  const auto seconds = whole.finish();
  if (seconds != pieces.finish()) std::abort();
  if (!seconds) return 0;
  if (seconds->size() > vault::WebmSeconds::kSecondsMax) std::abort();
  for (const vault::ByteSpan& span : *seconds)
    if (span.from > span.to || span.to > size) std::abort();
  return 0;
}
