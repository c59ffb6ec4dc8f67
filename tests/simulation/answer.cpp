#include "answer.h"

#include <charconv>

#include "base/encoding.h"
#include "rtc/sdp.h"

namespace parlour::simulation {

namespace {

template <class T>
T number(std::string_view text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = text.find(' ');
    found.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return found;
}

bool take_prefix(std::string_view& line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  return true;
}

crypto::Hash256 read_fingerprint(std::string_view text) {
  std::string hex;
  for (char c : text) {
    if (c == ':') continue;
    hex += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  crypto::Hash256 hash{};
  if (const auto bytes = from_hex(hex); bytes && bytes->size() == hash.size()) {
    std::copy(bytes->begin(), bytes->end(), hash.begin());
  }
  return hash;
}

}  // namespace

ReadOffer read_offer(std::string_view sdp) {
  ReadOffer offer;
  while (!sdp.empty()) {
    const auto end = sdp.find("\r\n");
    std::string_view line = sdp.substr(0, end);
    sdp.remove_prefix(end == std::string_view::npos ? sdp.size() : end + 2);
    if (take_prefix(line, "m=")) {
      offer.lines.emplace_back();
      offer.lines.back().video = line.starts_with("video");
    } else if (take_prefix(line, "a=ice-ufrag:")) {
      offer.ice.ufrag = line;
    } else if (take_prefix(line, "a=ice-pwd:")) {
      offer.ice.pwd = line;
    } else if (take_prefix(line, "a=fingerprint:sha-256 ")) {
      offer.fingerprint = read_fingerprint(line);
    } else if (take_prefix(line, "a=candidate:")) {
      const auto parts = words(line);
      offer.address =
          rtc::Address::parse_ip(parts[4], number<std::uint16_t>(parts[5])).value_or(rtc::Address());
    } else if (offer.lines.empty()) {
      continue;
    } else if (take_prefix(line, "a=mid:")) {
      offer.lines.back().mid = line;
    } else if (take_prefix(line, "a=ssrc-group:FID ")) {
      offer.lines.back().rtx_ssrc = number<std::uint32_t>(words(line)[1]);
    } else if (take_prefix(line, "a=ssrc:")) {
      if (offer.lines.back().ssrc == 0) offer.lines.back().ssrc = number<std::uint32_t>(words(line)[0]);
    } else if (line == "a=sendonly" || line == "a=recvonly" || line == "a=inactive") {
      offer.lines.back().direction = line.substr(2);
    }
  }
  return offer;
}

std::string write_answer(const ReadOffer& offer, const rtc::IceCredentials& ice,
                         const crypto::Hash256& fingerprint, const std::array<SentStream, 3>& uplinks) {
  std::string text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE";
  for (const OfferedLine& line : offer.lines) text += " " + line.mid;
  text += "\r\n";
  for (const OfferedLine& line : offer.lines) {
    const bool uplink = line.direction == "recvonly";
    const std::size_t slot = uplink ? static_cast<std::size_t>(line.mid[0] - '0') : 0;
    const SentStream stream = uplink ? uplinks[slot] : SentStream{};
    text += line.video ? "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" : "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
    text += "c=IN IP4 0.0.0.0\r\na=mid:" + line.mid + "\r\n";
    text += uplink ? (stream.active ? "a=sendonly\r\n" : "a=inactive\r\n")
                   : (line.direction == "sendonly" ? "a=recvonly\r\n" : "a=inactive\r\n");
    text += "a=ice-ufrag:" + ice.ufrag + "\r\na=ice-pwd:" + ice.pwd + "\r\n";
    text += "a=fingerprint:sha-256 " + rtc::fingerprint_text(fingerprint) +
            "\r\na=setup:active\r\na=rtcp-mux\r\n";
    text += "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
    if (uplink) {
      text += "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";
    }
    text += line.video ? "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
                         "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
                       : "a=rtpmap:111 opus/48000/2\r\n";
    if (!stream.active || !stream.announced) continue;
    if (line.video) {
      text +=
          "a=ssrc-group:FID " + std::to_string(stream.ssrc) + " " + std::to_string(stream.rtx_ssrc) + "\r\n";
    }
    text += "a=ssrc:" + std::to_string(stream.ssrc) + " cname:browser\r\n";
    if (line.video) text += "a=ssrc:" + std::to_string(stream.rtx_ssrc) + " cname:browser\r\n";
  }
  return text;
}

}  // namespace parlour::simulation
