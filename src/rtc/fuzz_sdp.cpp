// Arbitrary text as the answer to an offer with an uplink and a downlink of each kind.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "rtc/sdp.h"

namespace {

parlour::rtc::SdpOffer make_fuzz_offer() {
  using namespace parlour::rtc;
  SdpOffer offer;
  offer.ice = {"serverufrag1", "serverpasswordserverpassword1234"};
  offer.media = {{"0", MediaKind::kAudio, MediaDirection::kRecvOnly, {}},
                 {"1", MediaKind::kVideo, MediaDirection::kRecvOnly, {}},
                 {"2", MediaKind::kAudio, MediaDirection::kSendOnly, SdpSource{1, 0, "c", "s", "a"}},
                 {"3", MediaKind::kVideo, MediaDirection::kSendOnly, SdpSource{2, 3, "c", "s", "v"}}};
  return offer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour;
  using namespace parlour::rtc;
  static const SdpOffer offer = make_fuzz_offer();
  const auto answer = parse_answer(as_text(ByteView(data, size)), offer);
  if (!answer) {
    if (to_text(answer.error().code).empty()) std::abort();
    return 0;
  }
  if (answer->media.size() != offer.media.size()) std::abort();
  if (!is_ice_text(answer->ice.ufrag, 4, 256) || !is_ice_text(answer->ice.pwd, 22, 256)) std::abort();
  for (const MediaAnswer& media : answer->media) {
    if (media.rejected) continue;
    const auto expected = media.kind == MediaKind::kAudio ? kOpusPayloadType : kVp8PayloadType;
    if (media.payload_type != expected) std::abort();
  }
  return 0;
}
