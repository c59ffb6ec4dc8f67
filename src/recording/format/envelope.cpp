#include "recording/format/envelope.h"

#include <algorithm>

namespace parlour::recording {

Bytes dek_info(const RecordingId& recording, std::uint32_t part) {
  Bytes info;
  Writer(info).text("Parlour/1 dek").u8(0).bytes(recording.bytes()).u32(part);
  return info;
}

crypto::Hash256 dek_check(ByteView dek, const RecordingId& recording, std::uint32_t part) {
  Bytes number;
  Writer(number).u32(part);
  return crypto::hmac_sha256(dek, {as_bytes("Parlour/1 dek check"), recording.bytes(), number});
}

crypto::Hash256 envelopes_hash(std::vector<PartEnvelope> envelopes) {
  std::sort(envelopes.begin(), envelopes.end(),
            [](const PartEnvelope& a, const PartEnvelope& b) { return a.part < b.part; });
  Bytes all;
  Writer writer(all);
  for (const PartEnvelope& envelope : envelopes)
    writer.u32(envelope.part)
        .u16(static_cast<std::uint16_t>(envelope.key_id.size()))
        .text(envelope.key_id)
        .bytes(envelope.enc)
        .bytes(envelope.ct);
  return crypto::sha256(all);
}

}  // namespace parlour::recording
