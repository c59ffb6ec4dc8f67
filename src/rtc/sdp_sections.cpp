#include "sdp_sections.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace parlour::rtc {

namespace {

constexpr std::size_t kFormatsMax = 64;
constexpr std::size_t kRtpmapsMax = 64;
constexpr std::size_t kExtmapsMax = 16;

// The part before the first `separator`; `text` keeps what follows.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

bool is_mid(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

std::optional<crypto::Hash256> read_fingerprint(std::string_view value) {
  std::string hash(take_until(value, ' '));
  std::transform(hash.begin(), hash.end(), hash.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (hash != "sha-256" || value.size() != 32 * 3 - 1) return std::nullopt;
  crypto::Hash256 fingerprint{};
  for (std::size_t i = 0; i < fingerprint.size(); ++i) {
    const char* at = value.data() + 3 * i;
    if (i > 0 && at[-1] != ':') return std::nullopt;
    const auto [stop, error] = std::from_chars(at, at + 2, fingerprint[i], 16);
    if (error != std::errc() || stop != at + 2) return std::nullopt;
  }
  return fingerprint;
}

// RFC 8839 5.1: foundation component transport priority address port "typ" type … The address is not looked
// at: nothing is ever sent to it.
bool is_candidate(std::string_view value) {
  const std::string_view foundation = take_until(value, ' ');
  const auto component = number(take_until(value, ' '), 256);
  const std::string_view transport = take_until(value, ' ');
  const auto priority = number(take_until(value, ' '), 0xFFFFFFFFu);
  const std::string_view address = take_until(value, ' ');
  const auto port = number(take_until(value, ' '), 65'535);
  const std::string_view typ = take_until(value, ' ');
  const std::string_view type = take_until(value, ' ');
  return !foundation.empty() && foundation.size() <= 32 && component && !transport.empty() && priority &&
         !address.empty() && port && typ == "typ" && !type.empty();
}

class SectionReader {
 public:
  Result<SdpSections, SdpError> read(std::string_view text) {
    if (text.size() > kSdpMaxSize) return fail(SdpError{SdpErrorCode::kTooLarge, 0});
    if (!is_utf8(text)) return fail(SdpError{SdpErrorCode::kBadLine, 0});
    while (!text.empty()) {
      ++line_;
      std::string_view line = take_until(text, '\n');
      if (line.ends_with('\r')) line.remove_suffix(1);
      const auto code = read_line(line);
      if (code) return fail(SdpError{*code, line_});
    }
    if (line_ == 0) return fail(SdpError{SdpErrorCode::kMissingVersion, 0});
    return std::move(sections_);
  }

 private:
  using Code = std::optional<SdpErrorCode>;

  Code read_line(std::string_view line) {
    if (line_ > kSdpMaxLines) return SdpErrorCode::kTooManyLines;
    if (line.size() > kSdpMaxLineSize) return SdpErrorCode::kLineTooLong;
    const bool has_form = line.size() >= 2 && line[0] >= 'a' && line[0] <= 'z' && line[1] == '=';
    const bool has_control =
        std::any_of(line.begin(), line.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
    if (!has_form || has_control) return SdpErrorCode::kBadLine;
    if (line_ == 1) return line == "v=0" ? Code() : SdpErrorCode::kMissingVersion;
    const std::string_view value = line.substr(2);
    if (line[0] == 'm') return read_media(value);
    if (line[0] == 'a') return read_attribute(value);
    return std::nullopt;  // o, s, t, c, b: nothing in them matters to us
  }

  Code read_media(std::string_view value) {
    if (sections_.media.size() == kSdpMaxMedia) return SdpErrorCode::kTooManyMedia;
    SdpSection section;
    section.line = line_;
    section.kind = take_until(value, ' ');
    const auto port = number(take_until(value, ' '), 65'535);
    section.protocol = take_until(value, ' ');
    if (section.kind.empty() || !port || section.protocol.empty() || value.empty())
      return SdpErrorCode::kBadMedia;
    section.port = *port;
    // Formats of other protocols are no numbers; the protocol is judged later.
    while (!value.empty() && section.protocol.find("RTP/") != std::string_view::npos) {
      const auto format = number(take_until(value, ' '), 127);
      if (!format || section.formats.size() == kFormatsMax) return SdpErrorCode::kBadMedia;
      section.formats.push_back(*format);
    }
    sections_.media.push_back(std::move(section));
    return std::nullopt;
  }

  SdpSection& current() { return sections_.media.empty() ? sections_.session : sections_.media.back(); }

  Code read_attribute(std::string_view value) {
    const std::string_view name = take_until(value, ':');
    if (name == "group") return read_group(value);
    if (name == "candidate") return read_candidate(value);
    if (name == "ice-lite") return SdpErrorCode::kBadIce;  // two lite agents would wait for each other
    if (name == "ice-ufrag")
      return set_once(current().ufrag, value, is_ice_text(value, 4, 256), SdpErrorCode::kBadIce);
    if (name == "ice-pwd")
      return set_once(current().pwd, value, is_ice_text(value, 22, 256), SdpErrorCode::kBadIce);
    if (name == "setup") return set_once(current().setup, value, true, SdpErrorCode::kBadSetup);
    if (name == "fingerprint") {
      const auto fingerprint = read_fingerprint(value);
      if (!fingerprint) return SdpErrorCode::kBadFingerprint;
      if (current().fingerprint && *current().fingerprint != *fingerprint)
        return SdpErrorCode::kBadFingerprint;
      current().fingerprint = fingerprint;
      return std::nullopt;
    }
    if (sections_.media.empty()) return std::nullopt;
    return read_media_attribute(name, value);
  }

  Code read_media_attribute(std::string_view name, std::string_view value) {
    SdpSection& section = current();
    if (name == "mid") return set_once(section.mid, value, is_mid(value), SdpErrorCode::kBadMid);
    if (name == "rtcp-mux") section.rtcp_mux = true;
    if (name == "sendrecv") return set_direction(MediaDirection::kSendRecv);
    if (name == "sendonly") return set_direction(MediaDirection::kSendOnly);
    if (name == "recvonly") return set_direction(MediaDirection::kRecvOnly);
    if (name == "inactive") return set_direction(MediaDirection::kInactive);
    if (name == "rtpmap") return read_rtpmap(value);
    if (name == "extmap") return read_extmap(value);
    if (name == "ssrc") return read_ssrc(value);
    if (name == "ssrc-group") return read_ssrc_group(value);
    return std::nullopt;  // rtcp-fb, fmtp, msid, … say nothing that we did not offer or would act on
  }

  Code set_once(std::optional<std::string_view>& into, std::string_view value, bool is_good,
                SdpErrorCode code) {
    if (!is_good || into) return code;
    into = value;
    return std::nullopt;
  }

  Code set_direction(MediaDirection direction) {
    if (current().direction) return SdpErrorCode::kBadDirection;
    current().direction = direction;
    return std::nullopt;
  }

  Code read_group(std::string_view value) {
    if (take_until(value, ' ') != "BUNDLE") return std::nullopt;
    if (sections_.bundle || !sections_.media.empty()) return SdpErrorCode::kBadBundle;
    SdpBundle bundle{{}, line_};
    while (!value.empty()) {
      const std::string_view mid = take_until(value, ' ');
      if (!is_mid(mid) || bundle.mids.size() == kSdpMaxMedia) return SdpErrorCode::kBadBundle;
      bundle.mids.push_back(mid);
    }
    sections_.bundle = std::move(bundle);
    return std::nullopt;
  }

  Code read_candidate(std::string_view value) {
    if (++sections_.candidates > kSdpMaxCandidates) return SdpErrorCode::kTooManyCandidates;
    return is_candidate(value) ? Code() : SdpErrorCode::kBadCandidate;
  }

  Code read_rtpmap(std::string_view value) {
    const auto payload_type = number(take_until(value, ' '), 127);
    if (!payload_type || value.empty() || current().rtpmaps.size() == kRtpmapsMax)
      return SdpErrorCode::kBadRtpmap;
    current().rtpmaps.push_back({*payload_type, value, line_});
    return std::nullopt;
  }

  Code read_extmap(std::string_view value) {
    std::string_view id_and_direction = take_until(value, ' ');
    const auto id = number(take_until(id_and_direction, '/'), 255);
    const std::string_view uri = take_until(value, ' ');
    if (!id || *id == 0 || uri.empty() || current().extmaps.size() == kExtmapsMax)
      return SdpErrorCode::kBadExtmap;
    current().extmaps.push_back({*id, uri, line_});
    return std::nullopt;
  }

  Code read_ssrc(std::string_view value) {
    const auto ssrc = number(take_until(value, ' '), 0xFFFFFFFFu);
    if (!ssrc || *ssrc == 0) return SdpErrorCode::kBadSsrc;
    auto& ssrcs = current().ssrcs;
    // Each SSRC has one line per attribute of it (cname, msid).
    if (std::find(ssrcs.begin(), ssrcs.end(), *ssrc) != ssrcs.end()) return std::nullopt;
    if (ssrcs.size() == kSdpMaxSsrcs) return SdpErrorCode::kTooManySsrcs;
    ssrcs.push_back(*ssrc);
    return std::nullopt;
  }

  Code read_ssrc_group(std::string_view value) {
    if (take_until(value, ' ') != "FID") return std::nullopt;
    const auto first = number(take_until(value, ' '), 0xFFFFFFFFu);
    const auto second = number(take_until(value, ' '), 0xFFFFFFFFu);
    if (!first || !second || !value.empty() || current().pairs.size() == kSdpMaxSsrcs) {
      return SdpErrorCode::kBadSsrcGroup;
    }
    current().pairs.push_back({*first, *second, line_});
    return std::nullopt;
  }

  SdpSections sections_;
  std::size_t line_ = 0;
};

}  // namespace

Result<SdpSections, SdpError> read_sections(std::string_view text) {
  return SectionReader().read(text);
}

std::string_view to_text(SdpErrorCode code) {
  switch (code) {
    case SdpErrorCode::kTooLarge:
      return "The description is larger than 64 kB.";
    case SdpErrorCode::kTooManyLines:
      return "The description has too many lines.";
    case SdpErrorCode::kLineTooLong:
      return "A line is too long.";
    case SdpErrorCode::kBadLine:
      return "A line does not have the form of SDP.";
    case SdpErrorCode::kMissingVersion:
      return "The description does not begin with v=0.";
    case SdpErrorCode::kTooManyMedia:
      return "There are more than 32 media sections.";
    case SdpErrorCode::kMediaMismatch:
      return "The media sections are not those of the offer.";
    case SdpErrorCode::kBadMedia:
      return "A media line is malformed.";
    case SdpErrorCode::kBadProtocol:
      return "A media section does not use UDP/TLS/RTP/SAVPF.";
    case SdpErrorCode::kMissingMid:
      return "A media section has no mid.";
    case SdpErrorCode::kBadMid:
      return "A mid is malformed or not the offered one.";
    case SdpErrorCode::kDuplicateMid:
      return "Two media sections have the same mid.";
    case SdpErrorCode::kMissingBundle:
      return "The media are not bundled.";
    case SdpErrorCode::kBadBundle:
      return "The bundle does not hold exactly the accepted media.";
    case SdpErrorCode::kMissingRtcpMux:
      return "RTCP is not multiplexed.";
    case SdpErrorCode::kMissingIce:
      return "ICE user name fragment or password is missing.";
    case SdpErrorCode::kBadIce:
      return "ICE attributes are malformed or contradict each other.";
    case SdpErrorCode::kMissingFingerprint:
      return "The certificate's fingerprint is missing.";
    case SdpErrorCode::kBadFingerprint:
      return "The fingerprint is not a SHA-256 or not the same everywhere.";
    case SdpErrorCode::kMissingSetup:
      return "The DTLS role is missing.";
    case SdpErrorCode::kBadSetup:
      return "The DTLS role is not active.";
    case SdpErrorCode::kTooManyCandidates:
      return "There are more than 64 candidates.";
    case SdpErrorCode::kBadCandidate:
      return "A candidate is malformed.";
    case SdpErrorCode::kNoCodec:
      return "An accepted media section has no codec.";
    case SdpErrorCode::kCodecNotOffered:
      return "A codec was not offered.";
    case SdpErrorCode::kDuplicatePayloadType:
      return "A payload type is given twice.";
    case SdpErrorCode::kBadRtpmap:
      return "A payload type has no or a malformed rtpmap.";
    case SdpErrorCode::kBadExtmap:
      return "A header extension is malformed.";
    case SdpErrorCode::kExtensionNotOffered:
      return "A header extension was not offered.";
    case SdpErrorCode::kDuplicateExtension:
      return "A header extension is given twice.";
    case SdpErrorCode::kBadDirection:
      return "A direction does not answer the offered one.";
    case SdpErrorCode::kBadSsrc:
      return "An SSRC is malformed.";
    case SdpErrorCode::kDuplicateSsrc:
      return "An SSRC is used twice.";
    case SdpErrorCode::kTooManySsrcs:
      return "A media section has too many SSRCs.";
    case SdpErrorCode::kBadSsrcGroup:
      return "An SSRC group is malformed.";
  }
  return "The description was refused.";
}

}  // namespace parlour::rtc
