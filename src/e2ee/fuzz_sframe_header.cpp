// What a browser's media packet may begin with: the shim, the SFrame header, the guard's judgement. First
// byte: codec and slot.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "e2ee/guard.h"
#include "e2ee/sframe.h"

using namespace parlour;
using namespace parlour::e2ee;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  ByteView frame(data + 1, size - 1);
  // A header that is read is the one that would have been written.
  if (auto header = parse_sframe_header(frame)) {
    auto again = encode_sframe_header(header->kid, header->counter);
    if (!equal(again.view(), frame.first(header->size))) std::abort();
  }
  GuardContext context{(data[0] & 1) != 0 ? FrameCodec::kVp8 : FrameCodec::kOpus,
                       3,
                       static_cast<std::uint8_t>(data[0] >> 1 & 3),
                       5,
                       4,
                       std::nullopt};
  FrameStart start = judge_frame_start(frame, context, SteadyTime{0});
  auto parts = split_frame(context.codec, frame);
  if (start.verdict == FrameVerdict::kGood) {
    if (!parts || parts->header.kid != start.kid.value() || start.kid.idx != 3 ||
        start.kid.slot != context.slot) {
      std::abort();
    }
  }
  static auto* key = new SframeKey(std::move(*derive_frame_key(Bytes(32, 1), Kid{5, 3, 1})));
  if (parts && open_frame(context.codec, *key, frame)) {
    // Only a frame that was sealed with the key opens; the seeds hold one.
    if (parts->header.kid != key->kid()) std::abort();
  }
  return 0;
}
