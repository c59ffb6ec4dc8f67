// Arbitrary datagrams through classification, the STUN parser and the lite agent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "rtc/demux.h"
#include "rtc/ice_lite.h"
#include "rtc/stun.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour;
  using namespace parlour::rtc;
  const ByteView datagram(data, size);
  (void)classify(datagram);
  const auto message = StunMessage::parse(datagram);
  if (!message) return 0;
  (void)message->username();
  (void)message->priority();
  (void)message->ice_controlling();
  (void)message->xor_mapped_address();
  (void)message->error_code();

  // The seeds' credentials, so that authenticated paths are reached too.
  IceLite ice({"evtj", "VOkJxbRl1RmTxUk/WvJxBt"}, SteadyTime{0});
  const Address from = Address::v4({192, 0, 2, 1}, 5000);
  const IceAnswer answer = ice.handle(*message, from, SteadyTime{1});
  if (!answer.response.empty() && !StunMessage::parse(answer.response)) std::abort();
  if (ice.selected() && answer.verdict != IceVerdict::kAnswered) std::abort();
  return 0;
}
