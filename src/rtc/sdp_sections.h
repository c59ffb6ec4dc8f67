// An SDP answer as its lines say it, checked for form and limits but not yet against an offer. Private to
// rtc. Views point into the text.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rtc/sdp.h"

namespace parlour::rtc {

struct SdpRtpmap {
  unsigned payload_type;
  std::string_view encoding;  // "VP8/90000"
  std::size_t line;
};
struct SdpExtmap {
  unsigned id;
  std::string_view uri;
  std::size_t line;
};
struct SdpSsrcPair {  // ssrc-group:FID
  std::uint32_t first;
  std::uint32_t second;
  std::size_t line;
};

struct SdpSection {
  std::size_t line = 0;  // of the m-line
  // Of the m-line; empty for the session.
  std::string_view kind;
  unsigned port = 0;
  std::string_view protocol;
  std::vector<unsigned> formats;

  std::optional<std::string_view> mid;
  std::optional<std::string_view> ufrag, pwd;
  std::optional<crypto::Hash256> fingerprint;
  std::optional<std::string_view> setup;
  bool rtcp_mux = false;
  std::optional<MediaDirection> direction;
  std::vector<SdpRtpmap> rtpmaps;
  std::vector<SdpExtmap> extmaps;
  std::vector<std::uint32_t> ssrcs;  // each once, in order of appearance
  std::vector<SdpSsrcPair> pairs;

  bool rejected() const { return port == 0; }
};

struct SdpBundle {
  std::vector<std::string_view> mids;
  std::size_t line;
};

struct SdpSections {
  SdpSection session;
  std::vector<SdpSection> media;
  std::optional<SdpBundle> bundle;
  std::size_t candidates = 0;
};

Result<SdpSections, SdpError> read_sections(std::string_view text);

}  // namespace parlour::rtc
