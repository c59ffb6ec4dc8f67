// The link's byte stream as either side may get it: framing, in pieces of any size.
#include <cstdlib>

#include "base/json.h"
#include "vault_link/protocol.h"

using namespace parlour;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 64;
  ByteView rest(data + 1, size - 1);
  vault_link::FrameReader reader;
  while (!rest.empty()) {
    const std::size_t now = std::min(step, rest.size());
    reader.feed(rest.first(now));
    rest = rest.subspan(now);
    while (auto frame = reader.next()) {
      if (frame->payload.size() > vault_link::kRangeMax + 4) std::abort();
      (void)parse_json(as_text(frame->payload),
                       {.bytes = vault_link::kJsonMax, .depth = 16, .values = 20'000})
          .has_value();
    }
  }
  return 0;
}
