// Arbitrary RTCP compounds; what can be built again must read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>

#include "rtc/rtcp.h"

namespace {

using namespace parlour;
using namespace parlour::rtc;

void check(const Nack& nack) {
  if (nack.sequences.size() > kRtcpMaxNackSequences) std::abort();
  Bytes out;
  append_nack(out, nack.sender_ssrc, nack.media_ssrc, nack.sequences);
  const auto again = parse_rtcp(out);
  // Masks may overlap or run backwards on the wire: the numbers stay the same, not their order or count. More
  // pairs than before may hit the limit.
  const auto as_set = [](const std::vector<std::uint16_t>& v) {
    return std::set<std::uint16_t>(v.begin(), v.end());
  };
  if (again && as_set(std::get<Nack>(again->at(0)).sequences) != as_set(nack.sequences)) std::abort();
}
void check(const TransportFeedback& feedback) {
  if (feedback.packets.empty() || feedback.packets.size() > kRtcpMaxFeedbackStatuses) std::abort();
  Bytes out;
  append_transport_feedback(out, feedback);
  const auto again = parse_rtcp(out);
  if (!again) std::abort();
  const auto& packets = std::get<TransportFeedback>(again->at(0)).packets;
  if (packets.size() != feedback.packets.size()) std::abort();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i].received != feedback.packets[i].received) std::abort();
    if (packets[i].arrival_250us != feedback.packets[i].arrival_250us) std::abort();
  }
}
void check(const SenderReport& report) {
  Bytes out;
  append_sender_report(out, report);
  const auto again = parse_rtcp(out);
  if (!again || std::get<SenderReport>(again->at(0)).blocks != report.blocks) std::abort();
}
template <class Other>
void check(const Other&) {}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto packets = parse_rtcp(ByteView(data, size));
  if (!packets) return 0;
  if (packets->size() > kRtcpMaxPackets) std::abort();
  for (const RtcpPacket& packet : *packets) std::visit([](const auto& p) { check(p); }, packet);
  return 0;
}
