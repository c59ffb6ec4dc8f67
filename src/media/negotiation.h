// The m-lines of one connection and the offers and answers about them (RFC 8829 as far as a server that
// always offers needs it). Lines are never removed, only parked and used again. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "context.h"
#include "downlink_stream.h"
#include "media/shard.h"
#include "rtc/sdp.h"

namespace parlour::media {

class Negotiation {
 public:
  Negotiation(Context& context, bool sends);

  // A place for a new downlink; false: SDP has no room for one more.
  bool add(DownlinkStream& downlink);
  void park(const DownlinkStream& downlink);

  Offer make_offer(const rtc::IceCredentials& ice);

  // The answer to the newest offer, and the downlinks that its lines were about (null: parked or gone
  // meanwhile).
  struct Accepted {
    rtc::SdpAnswer answer;
    struct Line {
      std::optional<Slot> uplink;
      DownlinkStream* downlink = nullptr;
    };
    std::vector<Line> lines;  // one per m-line of the answer
  };
  // Judges only; nothing changes unless settle() follows.
  Result<Accepted, AnswerError> judge_answer(std::uint32_t generation, std::string_view sdp) const;
  void settle() { waiting_ = false; }

 private:
  struct Line {
    std::string mid;
    rtc::MediaKind kind;
    std::optional<Slot> uplink;
    DownlinkStream* downlink = nullptr;
  };

  Context& context_;
  bool sends_;
  std::uint64_t session_id_;
  std::vector<Line> lines_;
  std::uint32_t next_mid_ = 3;
  std::uint32_t generation_ = 0;
  bool waiting_ = false;
  rtc::SdpOffer offer_;
};

}  // namespace parlour::media
