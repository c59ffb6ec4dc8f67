// What a browser does with an offer of ours: reads what it needs and writes an answer, without the product's
// SDP code.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/hash.h"
#include "rtc/address.h"
#include "rtc/ice.h"

namespace parlour::simulation {

struct OfferedLine {
  std::string mid;
  bool video = false;
  std::string direction;  // of the server
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;
};
struct ReadOffer {
  rtc::IceCredentials ice;
  rtc::Address address;
  crypto::Hash256 fingerprint{};
  std::vector<OfferedLine> lines;
};
ReadOffer read_offer(std::string_view sdp);

struct SentStream {
  bool active = false;
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;
  bool announced = true;  // false: the answer does not name the SSRCs
};
std::string write_answer(const ReadOffer& offer, const rtc::IceCredentials& ice,
                         const crypto::Hash256& fingerprint, const std::array<SentStream, 3>& uplinks);

}  // namespace parlour::simulation
