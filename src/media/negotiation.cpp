#include "negotiation.h"

namespace parlour::media {

Negotiation::Negotiation(Context& context, bool sends) : context_(context), sends_(sends) {
  // RFC 8829 5.2.1: 64 bits with the highest zero.
  session_id_ = (std::uint64_t{context.random().u32() & 0x7FFF'FFFF} << 32) | context.random().u32();
  lines_.push_back({"0", rtc::MediaKind::kAudio, Slot::kMicrophone});
  lines_.push_back({"1", rtc::MediaKind::kVideo, Slot::kCamera});
  lines_.push_back({"2", rtc::MediaKind::kVideo, Slot::kScreen});
}

bool Negotiation::add(DownlinkStream& downlink) {
  const rtc::MediaKind kind = downlink.is_video() ? rtc::MediaKind::kVideo : rtc::MediaKind::kAudio;
  for (Line& line : lines_) {
    if (line.uplink || line.downlink != nullptr || line.kind != kind) continue;
    line.downlink = &downlink;
    return true;
  }
  if (lines_.size() >= rtc::kSdpMaxMedia) return false;
  lines_.push_back({std::to_string(next_mid_++), kind, std::nullopt, &downlink});
  return true;
}

void Negotiation::park(const DownlinkStream& downlink) {
  for (Line& line : lines_) {
    if (line.downlink == &downlink) line.downlink = nullptr;
  }
}

Offer Negotiation::make_offer(const rtc::IceCredentials& ice) {
  Offer offer;
  offer_.session_id = session_id_;
  offer_.session_version = generation_;
  offer.generation = ++generation_;
  offer_.ice = ice;
  offer_.fingerprint = context_.fingerprint;
  offer_.candidates = context_.config.candidates;
  offer_.media.clear();
  for (const Line& line : lines_) {
    rtc::MediaOffer media;
    media.mid = line.mid;
    media.kind = line.kind;
    if (line.uplink && sends_) media.direction = rtc::MediaDirection::kRecvOnly;
    if (line.downlink != nullptr) {
      const DownlinkStream& downlink = *line.downlink;
      media.direction = rtc::MediaDirection::kSendOnly;
      // Microphone and camera of one sender play in sync; its screen is apart (they have no common clock).
      const std::string sender = std::to_string(downlink.sender().value);
      const std::string stream = (downlink.slot() == Slot::kScreen ? "screen-" : "person-") + sender;
      media.source = rtc::SdpSource{downlink.ssrc(), downlink.rtx_ssrc(), "endpoint-" + sender, stream,
                                    "track-" + std::to_string(downlink.ssrc())};
      offer.downlinks.push_back({line.mid, downlink.sender(), downlink.slot()});
    }
    offer_.media.push_back(std::move(media));
  }
  offer.sdp = rtc::make_offer(offer_);
  waiting_ = true;
  return offer;
}

Result<Negotiation::Accepted, AnswerError> Negotiation::judge_answer(std::uint32_t generation,
                                                                     std::string_view sdp) const {
  if (!waiting_) return fail(AnswerError{CommandError::kNoOffer, std::nullopt});
  if (generation != generation_) return fail(AnswerError{CommandError::kStaleGeneration, std::nullopt});
  auto answer = rtc::parse_answer(sdp, offer_);
  if (!answer) return fail(AnswerError{CommandError::kBadAnswer, answer.error()});
  Accepted accepted{std::move(*answer), {}};
  for (std::size_t i = 0; i < accepted.answer.media.size() && i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    Accepted::Line about;
    about.uplink = line.uplink;
    // A line may have been parked, and even used again, since the offer was made.
    const auto& source = offer_.media[i].source;
    if (line.downlink != nullptr && source && source->ssrc == line.downlink->ssrc())
      about.downlink = line.downlink;
    accepted.lines.push_back(about);
  }
  return accepted;
}

}  // namespace parlour::media
