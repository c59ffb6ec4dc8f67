// Recorded packets as a hostile sender may have made them: RTP headers, VP8 descriptors, order and time.
#include <cstdlib>

#include "vault/assembler.h"

using namespace parlour;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader reader(ByteView(data, size));
  const auto codec = (reader.u8() & 1) != 0 ? recording::StreamCodec::kVp8 : recording::StreamCodec::kOpus;
  std::size_t total = 0, given = 0;
  vault::FrameAssembler assembler(codec, reader.u32(),
                                  [&](vault::AssembledFrame frame) { given += frame.data.size(); });
  while (reader.remaining() > 12) {
    recording::PacketRecord packet;
    packet.sequence = reader.u16();
    packet.arrival = {reader.u16() * 1000};
    packet.rtp_header = reader.take(12);
    packet.payload = reader.take(reader.u8());
    if (reader.failed()) break;
    total += packet.payload.size();
    assembler.packet(packet);
  }
  assembler.flush();
  if (given > total) std::abort();
  return 0;
}
