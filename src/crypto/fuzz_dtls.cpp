// Whatever arrives at the media port with a first byte of 20..63: the record check and a server's first
// states. The first byte says how the rest is cut into datagrams.
#include <cstddef>
#include <cstdint>

#include "crypto/dtls.h"

using namespace parlour;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto* certificate = new crypto::Certificate(
      std::move(crypto::Certificate::make_self_signed("fuzz", {}, UtcTime{1'700'000'000'000'000}, 24h))
          .value());
  if (size < 2) return 0;
  auto engine =
      crypto::Dtls::create({crypto::DtlsRole::kServer, certificate, crypto::Hash256{}}, SteadyTime{0});
  if (!engine) return 0;
  std::size_t part = data[0] == 0 ? size : data[0] * 8u;
  ByteView rest(data + 1, size - 1);
  SteadyTime now{0};
  while (!rest.empty()) {
    ByteView datagram = rest.first(std::min(part, rest.size()));
    rest = rest.subspan(datagram.size());
    engine->handle(datagram, now);
    now = now + 100ms;
    engine->on_deadline(now);
    engine->take_outgoing();
  }
  return 0;
}
