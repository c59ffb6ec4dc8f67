// Two steps: read_sections() turns lines into sections and knows the form of each line; the checks below it
// hold the sections against the offer.
#include <algorithm>

#include "rtc/sdp.h"
#include "sdp_offered.h"
#include "sdp_sections.h"

namespace parlour::rtc {

namespace {

using Checked = Result<void, SdpError>;

Checked refuse(SdpErrorCode code, std::size_t line = 0) {
  return fail(SdpError{code, line});
}

// Attributes of the one transport that everything is bundled on may stand on the session, on one m-line or on
// all; where they stand they must say the same.
struct Transport {
  std::optional<std::string_view> ufrag, pwd;
  std::optional<crypto::Hash256> fingerprint;
  bool has_setup = false;
  bool rtcp_mux = false;
};

template <class T>
Checked merge(std::optional<T>& into, const std::optional<T>& value, SdpErrorCode code, std::size_t line) {
  if (!value) return {};
  if (into && *into != *value) return refuse(code, line);
  into = value;
  return {};
}

Checked merge_transport(Transport& transport, const SdpSection& section) {
  if (auto r = merge(transport.ufrag, section.ufrag, SdpErrorCode::kBadIce, section.line); !r) return r;
  if (auto r = merge(transport.pwd, section.pwd, SdpErrorCode::kBadIce, section.line); !r) return r;
  if (auto r = merge(transport.fingerprint, section.fingerprint, SdpErrorCode::kBadFingerprint, section.line);
      !r) {
    return r;
  }
  if (section.setup) {
    // The server is the passive side: two passives, or a peer that leaves it open, would never shake hands.
    if (*section.setup != "active") return refuse(SdpErrorCode::kBadSetup, section.line);
    transport.has_setup = true;
  }
  transport.rtcp_mux = transport.rtcp_mux || section.rtcp_mux;
  return {};
}

Checked check_mids(const SdpSections& sections, const SdpOffer& offer) {
  for (std::size_t i = 0; i < sections.media.size(); ++i) {
    const SdpSection& section = sections.media[i];
    if (!section.mid) {
      if (section.rejected()) continue;
      return refuse(SdpErrorCode::kMissingMid, section.line);
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (sections.media[j].mid == section.mid) return refuse(SdpErrorCode::kDuplicateMid, section.line);
    }
    if (*section.mid != offer.media[i].mid) return refuse(SdpErrorCode::kBadMid, section.line);
  }
  return {};
}

Checked check_bundle(const SdpSections& sections) {
  const auto& bundle = sections.bundle;
  if (!bundle) return refuse(SdpErrorCode::kMissingBundle);
  for (const std::string_view mid : bundle->mids) {
    const bool is_accepted =
        std::any_of(sections.media.begin(), sections.media.end(),
                    [&](const SdpSection& section) { return section.mid == mid && !section.rejected(); });
    if (!is_accepted) return refuse(SdpErrorCode::kBadBundle, bundle->line);
  }
  bool any_accepted = false;
  for (const SdpSection& section : sections.media) {
    if (section.rejected()) continue;
    any_accepted = true;
    if (std::count(bundle->mids.begin(), bundle->mids.end(), *section.mid) != 1) {
      return refuse(SdpErrorCode::kBadBundle, bundle->line);
    }
  }
  return any_accepted ? Checked() : refuse(SdpErrorCode::kMissingBundle);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

Checked check_codecs(const SdpSection& section, const MediaOffer& offered, MediaAnswer& answer) {
  const auto codecs = offered_codecs(offered.kind);
  const auto find = [&](unsigned payload_type) {
    return std::find_if(codecs.begin(), codecs.end(),
                        [&](const OfferedCodec& codec) { return codec.payload_type == payload_type; });
  };
  for (std::size_t i = 0; i < section.formats.size(); ++i) {
    const unsigned payload_type = section.formats[i];
    if (std::count(section.formats.begin(), section.formats.end(), payload_type) > 1) {
      return refuse(SdpErrorCode::kDuplicatePayloadType, section.line);
    }
    const auto codec = find(payload_type);
    if (codec == codecs.end()) return refuse(SdpErrorCode::kCodecNotOffered, section.line);
    if (codec->rtx_of != 0) {
      answer.rtx_payload_type = codec->payload_type;
    } else {
      answer.payload_type = codec->payload_type;
    }
  }
  if (answer.payload_type == 0) return refuse(SdpErrorCode::kNoCodec, section.line);
  std::vector<unsigned> mapped;
  for (const SdpRtpmap& rtpmap : section.rtpmaps) {
    const bool is_on_line =
        std::count(section.formats.begin(), section.formats.end(), rtpmap.payload_type) > 0;
    const auto codec = find(rtpmap.payload_type);
    if (!is_on_line || codec == codecs.end()) return refuse(SdpErrorCode::kCodecNotOffered, rtpmap.line);
    if (!equal_ignoring_case(rtpmap.encoding, codec->rtpmap)) {
      return refuse(SdpErrorCode::kCodecNotOffered, rtpmap.line);
    }
    if (std::count(mapped.begin(), mapped.end(), rtpmap.payload_type) > 0) {
      return refuse(SdpErrorCode::kDuplicatePayloadType, rtpmap.line);
    }
    mapped.push_back(rtpmap.payload_type);
  }
  // Ours are dynamic payload types: without its rtpmap none means anything (RFC 3551 section 3).
  if (mapped.size() != section.formats.size()) return refuse(SdpErrorCode::kBadRtpmap, section.line);
  return {};
}

Checked check_extensions(const SdpSection& section, const MediaOffer& offered, MediaAnswer& answer) {
  const auto extensions = offered_extensions(offered);
  for (const SdpExtmap& extmap : section.extmaps) {
    const auto kind = header_extension_from_uri(extmap.uri);
    const bool is_offered = kind &&
                            std::find(extensions.begin(), extensions.end(), *kind) != extensions.end() &&
                            offered_id(*kind) == extmap.id;
    if (!is_offered) return refuse(SdpErrorCode::kExtensionNotOffered, extmap.line);
    const auto id = static_cast<std::uint8_t>(extmap.id);
    if (answer.has_extension(id)) return refuse(SdpErrorCode::kDuplicateExtension, extmap.line);
    answer.extension_ids.push_back(id);
  }
  return {};
}

Checked check_direction(const SdpSection& section, const MediaOffer& offered, MediaAnswer& answer) {
  answer.direction = section.direction.value_or(MediaDirection::kSendRecv);  // RFC 8866 6.7: the default
  const bool inactive = answer.direction == MediaDirection::kInactive;
  const bool answers_uplink =
      offered.direction == MediaDirection::kRecvOnly && answer.direction == MediaDirection::kSendOnly;
  const bool answers_downlink =
      offered.direction == MediaDirection::kSendOnly && answer.direction == MediaDirection::kRecvOnly;
  const bool answers_both = offered.direction == MediaDirection::kSendRecv;
  if (inactive || answers_uplink || answers_downlink || answers_both) return {};
  return refuse(SdpErrorCode::kBadDirection, section.line);
}

Checked check_ssrcs(const SdpSection& section, std::vector<std::uint32_t>& taken, MediaAnswer& answer) {
  for (const std::uint32_t ssrc : section.ssrcs) {
    if (std::find(taken.begin(), taken.end(), ssrc) != taken.end()) {
      return refuse(SdpErrorCode::kDuplicateSsrc, section.line);
    }
    taken.push_back(ssrc);
  }
  const auto is_listed = [&](std::uint32_t ssrc) {
    return std::find(section.ssrcs.begin(), section.ssrcs.end(), ssrc) != section.ssrcs.end();
  };
  if (!section.ssrcs.empty()) answer.ssrc = section.ssrcs.front();
  for (std::size_t i = 0; i < section.pairs.size(); ++i) {
    const SdpSsrcPair& pair = section.pairs[i];
    if (pair.first == pair.second) return refuse(SdpErrorCode::kDuplicateSsrc, pair.line);
    if (!is_listed(pair.first) || !is_listed(pair.second))
      return refuse(SdpErrorCode::kBadSsrcGroup, pair.line);
    if (i > 0)
      return refuse(SdpErrorCode::kBadSsrcGroup, pair.line);  // one stream per m-line, one retransmission
    answer.ssrc = pair.first;
    if (answer.rtx_payload_type != 0) answer.rtx_ssrc = pair.second;
  }
  return {};
}

Checked check_media(const SdpSection& section, const MediaOffer& offered, std::vector<std::uint32_t>& ssrcs,
                    MediaAnswer& answer) {
  if (auto r = check_codecs(section, offered, answer); !r) return r;
  if (auto r = check_extensions(section, offered, answer); !r) return r;
  if (auto r = check_direction(section, offered, answer); !r) return r;
  return check_ssrcs(section, ssrcs, answer);
}

}  // namespace

bool MediaAnswer::has_extension(std::uint8_t id) const {
  return std::find(extension_ids.begin(), extension_ids.end(), id) != extension_ids.end();
}

Result<SdpAnswer, SdpError> parse_answer(std::string_view text, const SdpOffer& offer) {
  const auto sections = read_sections(text);
  if (!sections) return fail(sections.error());
  if (sections->media.size() != offer.media.size()) return fail(SdpError{SdpErrorCode::kMediaMismatch, 0});
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const SdpSection& section = sections->media[i];
    if (section.kind != to_text(offer.media[i].kind))
      return fail(SdpError{SdpErrorCode::kMediaMismatch, section.line});
    if (section.protocol != "UDP/TLS/RTP/SAVPF")
      return fail(SdpError{SdpErrorCode::kBadProtocol, section.line});
  }
  if (auto r = check_mids(*sections, offer); !r) return fail(r.error());
  if (auto r = check_bundle(*sections); !r) return fail(r.error());

  SdpAnswer answer;
  answer.candidates_ignored = sections->candidates;
  Transport transport;
  if (auto r = merge_transport(transport, sections->session); !r) return fail(r.error());
  std::vector<std::uint32_t> ssrcs;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const SdpSection& section = sections->media[i];
    MediaAnswer media;
    media.mid = offer.media[i].mid;
    media.kind = offer.media[i].kind;
    media.rejected = section.rejected();
    if (!media.rejected) {
      if (auto r = merge_transport(transport, section); !r) return fail(r.error());
      if (auto r = check_media(section, offer.media[i], ssrcs, media); !r) return fail(r.error());
    }
    answer.media.push_back(std::move(media));
  }
  if (!transport.ufrag || !transport.pwd) return fail(SdpError{SdpErrorCode::kMissingIce, 0});
  if (!transport.fingerprint) return fail(SdpError{SdpErrorCode::kMissingFingerprint, 0});
  if (!transport.has_setup) return fail(SdpError{SdpErrorCode::kMissingSetup, 0});
  if (!transport.rtcp_mux) return fail(SdpError{SdpErrorCode::kMissingRtcpMux, 0});
  answer.ice = {std::string(*transport.ufrag), std::string(*transport.pwd)};
  answer.fingerprint = *transport.fingerprint;
  return answer;
}

}  // namespace parlour::rtc
