#include <algorithm>
#include <array>

#include "rtc/sdp.h"
#include "sdp_offered.h"

namespace parlour::rtc {

namespace {

// cbr: with a variable rate the length of packets leaks what is spoken, encryption or not. FEC and DTX off:
// e2ee.md 6.
constexpr std::array<OfferedCodec, 1> kAudioCodecs = {
    {{kOpusPayloadType, "opus/48000/2", "cbr=1;useinbandfec=0;usedtx=0;stereo=0", 0}}};
constexpr std::array<OfferedCodec, 2> kVideoCodecs = {
    {{kVp8PayloadType, "VP8/90000", "", 0}, {kVp8RtxPayloadType, "rtx/90000", "apt=96", kVp8PayloadType}}};

constexpr std::array<HeaderExtension, 3> kUplinkExtensions = {
    HeaderExtension::kMid, HeaderExtension::kTransportCc, HeaderExtension::kAbsSendTime};
constexpr std::array<HeaderExtension, 1> kDownlinkExtensions = {HeaderExtension::kMid};

std::string_view to_text(MediaDirection direction) {
  switch (direction) {
    case MediaDirection::kInactive:
      return "inactive";
    case MediaDirection::kSendOnly:
      return "sendonly";
    case MediaDirection::kRecvOnly:
      return "recvonly";
    case MediaDirection::kSendRecv:
      return "sendrecv";
  }
  return "inactive";
}

// Ids come from our own code; whatever they hold, they cannot end a line or a field.
std::string token(std::string_view text) {
  std::string out(text.empty() ? std::string_view("-") : text);
  for (char& c : out) {
    const bool is_fine = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                         c == '-' || c == '_' || c == '.' || c == '+' || c == '/' || c == '=' || c == '{' ||
                         c == '}';
    if (!is_fine) c = '_';
  }
  return out;
}

class Lines {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    (append_part(parts), ...);
    text_ += "\r\n";
  }
  std::string take() { return std::move(text_); }

 private:
  void append_part(std::string_view part) { text_ += part; }
  template <class I>
  requires std::integral<I>
  void append_part(I part) { text_ += std::to_string(part); }

  std::string text_;
};

void add_candidate(Lines& lines, const Address& address, std::size_t place) {
  // Priority of RFC 8445 5.1.2.1: type preference 126 (host), local preference by place, component 1.
  const std::uint32_t local_preference =
      65'535 - static_cast<std::uint32_t>(std::min<std::size_t>(place, 65'535));
  const std::uint32_t priority = (126u << 24) + (local_preference << 8) + 255;
  lines.add("a=candidate:", place + 1, " 1 udp ", priority, " ", address.ip_text(), " ", address.port(),
            " typ host");
}

void add_source(Lines& lines, const SdpSource& source) {
  const std::string msid = token(source.stream_id) + " " + token(source.track_id);
  lines.add("a=msid:", msid);
  if (source.rtx_ssrc != 0) lines.add("a=ssrc-group:FID ", source.ssrc, " ", source.rtx_ssrc);
  for (const std::uint32_t ssrc : {source.ssrc, source.rtx_ssrc}) {
    if (ssrc == 0) continue;
    lines.add("a=ssrc:", ssrc, " cname:", token(source.cname));
    lines.add("a=ssrc:", ssrc, " msid:", msid);
  }
}

void add_media(Lines& lines, const SdpOffer& offer, const MediaOffer& media) {
  const auto codecs = offered_codecs(media.kind);
  std::string formats;
  for (const OfferedCodec& codec : codecs) formats += " " + std::to_string(codec.payload_type);
  lines.add("m=", to_text(media.kind), " 9 UDP/TLS/RTP/SAVPF", formats);
  lines.add("c=IN IP4 0.0.0.0");
  lines.add("a=mid:", token(media.mid));
  lines.add("a=", to_text(media.direction));
  lines.add("a=ice-ufrag:", offer.ice.ufrag);
  lines.add("a=ice-pwd:", offer.ice.pwd);
  lines.add("a=fingerprint:sha-256 ", fingerprint_text(offer.fingerprint));
  lines.add("a=setup:actpass");
  lines.add("a=rtcp-mux");
  lines.add("a=rtcp-rsize");
  for (const HeaderExtension extension : offered_extensions(media)) {
    lines.add("a=extmap:", offered_id(extension), " ", uri_of(extension));
  }
  for (const OfferedCodec& codec : codecs) {
    lines.add("a=rtpmap:", codec.payload_type, " ", codec.rtpmap);
    if (!codec.fmtp.empty()) lines.add("a=fmtp:", codec.payload_type, " ", codec.fmtp);
    if (codec.rtx_of != 0) continue;
    if (is_uplink(media)) lines.add("a=rtcp-fb:", codec.payload_type, " transport-cc");
    if (media.kind == MediaKind::kVideo) {
      lines.add("a=rtcp-fb:", codec.payload_type, " nack");
      lines.add("a=rtcp-fb:", codec.payload_type, " nack pli");
      lines.add("a=rtcp-fb:", codec.payload_type, " ccm fir");
    }
  }
  if (media.source && media.direction == MediaDirection::kSendOnly) add_source(lines, *media.source);
}

}  // namespace

std::span<const OfferedCodec> offered_codecs(MediaKind kind) {
  if (kind == MediaKind::kAudio) return kAudioCodecs;
  return kVideoCodecs;
}

std::span<const HeaderExtension> offered_extensions(const MediaOffer& media) {
  if (is_uplink(media)) return kUplinkExtensions;
  return kDownlinkExtensions;
}

std::string_view to_text(MediaKind kind) {
  return kind == MediaKind::kAudio ? "audio" : "video";
}

std::string fingerprint_text(const crypto::Hash256& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t byte : fingerprint) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string make_offer(const SdpOffer& offer) {
  Lines lines;
  lines.add("v=0");
  lines.add("o=- ", offer.session_id, " ", offer.session_version, " IN IP4 0.0.0.0");
  lines.add("s=-");
  lines.add("t=0 0");
  std::string bundle;
  for (const MediaOffer& media : offer.media) bundle += " " + token(media.mid);
  lines.add("a=group:BUNDLE", bundle);
  lines.add("a=ice-lite");
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    add_media(lines, offer, offer.media[i]);
    if (i > 0) continue;
    // Everything is bundled on the first m-line's transport, so the candidates stand there (RFC 9143
    // section 7.2).
    for (std::size_t place = 0; place < offer.candidates.size(); ++place) {
      add_candidate(lines, offer.candidates[place], place);
    }
    lines.add("a=end-of-candidates");
  }
  return lines.take();
}

}  // namespace parlour::rtc
