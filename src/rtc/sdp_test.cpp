#include "rtc/sdp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtc/header_extensions.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Code = SdpErrorCode;

SdpOffer make_test_offer() {
  SdpOffer offer;
  offer.session_id = 42;
  offer.session_version = 3;
  offer.ice = {"serverufrag1", "serverpasswordserverpassword1234"};
  offer.fingerprint.fill(0xAB);
  offer.candidates = {*Address::parse_ip("192.0.2.1", 443), *Address::parse_ip("2001:db8::1", 443)};
  offer.media = {
      {"0", MediaKind::kAudio, MediaDirection::kRecvOnly, {}},
      {"1", MediaKind::kVideo, MediaDirection::kRecvOnly, {}},
      {"2", MediaKind::kVideo, MediaDirection::kInactive, {}},
      {"3", MediaKind::kAudio, MediaDirection::kSendOnly, SdpSource{1001, 0, "cname", "stream", "track-a"}},
      {"4", MediaKind::kVideo, MediaDirection::kSendOnly,
       SdpSource{1002, 1003, "cname", "stream", "track-v"}}};
  return offer;
}

const std::string kHead =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3 4\r\na=msid-semantic: WMS\r\n"
    "a=extmap-allow-mixed\r\n";
const std::string kTransport =
    "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
    "a=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1f\r\n"
    "a=setup:active\r\na=rtcp-mux\r\na=rtcp-rsize\r\n";
const std::string kOpus = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 cbr=1;minptime=10\r\n";
const std::string kVp8 =
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\n"
    "a=fmtp:97 apt=96\r\n";
const std::string kMidExtension = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
const std::string kTransportCcExtension =
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";

std::string good_answer() {
  return kHead + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + kTransport +
         "a=candidate:1 1 udp 2113937151 6b1d3e0a-1111-2222-3333-444455556666.local 54321 typ host "
         "generation 0\r\n"
         "a=mid:0\r\n" +
         kMidExtension + kTransportCcExtension + "a=sendonly\r\na=msid:- mic\r\n" + kOpus +
         "a=rtcp-fb:111 transport-cc\r\na=ssrc:2001 cname:x\r\na=ssrc:2001 msid:- mic\r\n"
         "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" +
         kTransport + "a=mid:1\r\n" + kMidExtension + kTransportCcExtension + "a=sendonly\r\n" + kVp8 +
         "a=ssrc-group:FID 2002 2003\r\na=ssrc:2002 cname:x\r\na=ssrc:2003 cname:x\r\n"
         "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" +
         kTransport + "a=mid:2\r\na=inactive\r\n" + kVp8 + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
         kTransport + "a=mid:3\r\na=recvonly\r\n" + kOpus + "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" +
         kTransport + "a=mid:4\r\na=recvonly\r\n" + kVp8;
}

std::string replace(std::string text, const std::string& from, const std::string& to, int times = 1) {
  std::size_t at = 0;
  while (times-- != 0 && (at = text.find(from, at)) != std::string::npos) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

Code code_of(const std::string& text) {
  const auto answer = parse_answer(text, make_test_offer());
  EXPECT_FALSE(answer) << text;
  return answer ? Code::kTooLarge : answer.error().code;
}
Code code_after(const std::string& from, const std::string& to, int times = 1) {
  const std::string text = good_answer();
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return code_of(replace(text, from, to, times));
}

// Firefox writes a=sendrecv above m-lines that say otherwise.
TEST(FaultI3, TheDirectionIsTheMLinesWhateverTheSessionSays) {
  for (const char* direction : {"sendrecv", "sendonly", "recvonly", "inactive"}) {
    const std::string above = "a=" + std::string(direction) + "\r\nm=audio";
    const auto answer = parse_answer(replace(good_answer(), "m=audio", above), make_test_offer());
    ASSERT_TRUE(answer) << direction;
    ASSERT_EQ(answer->media.size(), 5u);
    EXPECT_EQ(answer->media[0].direction, MediaDirection::kSendOnly) << direction;
    EXPECT_EQ(answer->media[1].direction, MediaDirection::kSendOnly) << direction;
    EXPECT_EQ(answer->media[2].direction, MediaDirection::kInactive) << direction;
    EXPECT_EQ(answer->media[3].direction, MediaDirection::kRecvOnly) << direction;
    EXPECT_EQ(answer->media[4].direction, MediaDirection::kRecvOnly) << direction;
  }
  // Nor does the session's stand in for an m-line that says nothing: that one is sendrecv, which answers no
  // offer of ours.
  const std::string silent = replace(replace(good_answer(), "m=audio", "a=sendonly\r\nm=audio"),
                                     "a=sendonly\r\na=msid:- mic\r\n", "a=msid:- mic\r\n");
  EXPECT_EQ(code_of(silent), Code::kBadDirection);
}

TEST(SdpOffer, HoldsWhatTheDesignAllowsAndNothingElse) {
  const std::string text = make_offer(make_test_offer());
  EXPECT_TRUE(text.starts_with("v=0\r\no=- 42 3 IN IP4 0.0.0.0\r\n"));
  for (const char* line : {
           "a=group:BUNDLE 0 1 2 3 4\r\n",
           "a=ice-lite\r\n",
           "a=candidate:1 1 udp 2130706431 192.0.2.1 443 typ host\r\n",
           "a=candidate:2 1 udp 2130706175 2001:db8::1 443 typ host\r\n",
           "a=setup:actpass\r\n",
           "a=fmtp:111 cbr=1;useinbandfec=0;usedtx=0;stereo=0\r\n",
           "a=rtpmap:96 VP8/90000\r\n",
           "a=fmtp:97 apt=96\r\n",
           "a=ssrc-group:FID 1002 1003\r\n",
           "a=msid:stream track-v\r\n",
           "a=ssrc:1001 cname:cname\r\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(SdpOffer, E2ee21HasNoH264Av1RedFecOrAudioLevel) {
  const std::string text = make_offer(make_test_offer());
  for (const char* word :
       {"H264", "AV1", "red/", "ulpfec", "flexfec", "ssrc-audio-level", "telephone-event"}) {
    EXPECT_THAT(text, Not(HasSubstr(word)));
  }
}

TEST(SdpOffer, TransportCcIsForUplinksOnly) {
  SdpOffer offer = make_test_offer();
  offer.media.erase(offer.media.begin(), offer.media.begin() + 3);
  const std::string downlinks = make_offer(offer);
  EXPECT_THAT(downlinks, Not(HasSubstr("transport-cc")));
  EXPECT_THAT(downlinks, Not(HasSubstr("transport-wide-cc")));
  EXPECT_THAT(downlinks, HasSubstr("sdes:mid"));
}

TEST(SdpOffer, IdsCannotBreakLines) {
  SdpOffer offer = make_test_offer();
  offer.media[3].source->stream_id = "x\r\na=evil:1";
  const std::string text = make_offer(offer);
  EXPECT_THAT(text, Not(HasSubstr("\r\na=evil")));
  EXPECT_THAT(text, HasSubstr("a=msid:x__a=evil_1 track-a\r\n"));
}

TEST(SdpAnswer, GoodAnswerIsReadCompletely) {
  const auto answer = parse_answer(good_answer(), make_test_offer());
  ASSERT_TRUE(answer) << to_text(answer.error().code) << " " << answer.error().line;
  EXPECT_EQ(answer->ice.ufrag, "abcd");
  EXPECT_EQ(answer->ice.pwd, "abcdefghijklmnopqrstuv");
  EXPECT_EQ(answer->fingerprint[31], 0x1F);
  EXPECT_EQ(answer->candidates_ignored, 1u);
  ASSERT_EQ(answer->media.size(), 5u);
  const MediaAnswer& audio = answer->media[0];
  EXPECT_EQ(audio.mid, "0");
  EXPECT_EQ(audio.direction, MediaDirection::kSendOnly);
  EXPECT_EQ(audio.payload_type, kOpusPayloadType);
  EXPECT_EQ(audio.rtx_payload_type, 0);
  EXPECT_THAT(audio.extension_ids, ElementsAre(kMidExtensionId, kTransportCcExtensionId));
  EXPECT_EQ(audio.ssrc, 2001u);
  EXPECT_FALSE(audio.rtx_ssrc);
  const MediaAnswer& video = answer->media[1];
  EXPECT_EQ(video.payload_type, kVp8PayloadType);
  EXPECT_EQ(video.rtx_payload_type, kVp8RtxPayloadType);
  EXPECT_EQ(video.ssrc, 2002u);
  EXPECT_EQ(video.rtx_ssrc, 2003u);
  EXPECT_EQ(answer->media[2].direction, MediaDirection::kInactive);
  EXPECT_EQ(answer->media[4].direction, MediaDirection::kRecvOnly);
}

TEST(SdpAnswer, E2ee21AcceptsOrphanFeedbackLines) {
  const std::string text = replace(
      good_answer(), kVp8, kVp8 + "a=rtcp-fb:120 nack\r\na=rtcp-fb:126 nack pli\r\na=fmtp:126 x=1\r\n", -1);
  EXPECT_TRUE(parse_answer(text, make_test_offer()));
}

TEST(SdpAnswer, AcceptsBareLineFeedsAndCreationsOfOtherBrowsers) {
  EXPECT_TRUE(parse_answer(replace(good_answer(), "\r\n", "\n", -1), make_test_offer()));
  // Transport attributes on the first m-line only (RFC 9143 allows it), or on the session.
  std::string once = good_answer();
  const std::size_t second = once.find("m=video");
  once = once.substr(0, second) + replace(once.substr(second), kTransport, "", -1);
  EXPECT_TRUE(parse_answer(once, make_test_offer()));
  EXPECT_TRUE(parse_answer(replace(good_answer(), "a=rtpmap:96 VP8/90000", "a=rtpmap:96 vp8/90000", -1),
                           make_test_offer()));
  EXPECT_TRUE(parse_answer(replace(good_answer(), "a=mid:2\r\n", "a=mid:2\r\na=sctp-port:5000\r\n"),
                           make_test_offer()));
}

TEST(SdpAnswer, RejectedLinesNeedNothingElse) {
  std::string text = replace(good_answer(), "BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 4");
  text =
      replace(text, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + kTransport + "a=mid:3\r\na=recvonly\r\n" + kOpus,
              "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\na=inactive\r\n");
  const auto answer = parse_answer(text, make_test_offer());
  ASSERT_TRUE(answer) << to_text(answer.error().code);
  EXPECT_TRUE(answer->media[3].rejected);
  EXPECT_FALSE(answer->media[0].rejected);
}

TEST(SdpAnswer, RefusesWhatIsTooLarge) {
  EXPECT_EQ(code_of(std::string(5'000'000, 'a')), Code::kTooLarge);
  std::string lines = "v=0\n";
  for (int i = 0; i < 3000; ++i) lines += "a=x\n";
  EXPECT_EQ(code_of(lines), Code::kTooManyLines);
  EXPECT_EQ(code_of("v=0\na=" + std::string(1100, 'x')), Code::kLineTooLong);
  std::string media = "v=0\n";
  for (int i = 0; i < 33; ++i) media += "m=audio 9 UDP/TLS/RTP/SAVPF 111\n";
  EXPECT_EQ(code_of(media), Code::kTooManyMedia);
  std::string candidates;
  for (int i = 0; i < 65; ++i) candidates += "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\r\n";
  EXPECT_EQ(code_after("a=mid:4\r\n", "a=mid:4\r\n" + candidates), Code::kTooManyCandidates);
  std::string ssrcs;
  for (int i = 1; i < 10; ++i) ssrcs += "a=ssrc:" + std::to_string(i) + " cname:x\r\n";
  EXPECT_EQ(code_after("a=mid:4\r\n", "a=mid:4\r\n" + ssrcs), Code::kTooManySsrcs);
}

TEST(SdpAnswer, RefusesWhatIsNotSdp) {
  EXPECT_EQ(code_of(""), Code::kMissingVersion);
  EXPECT_EQ(code_of("o=- 1\r\n"), Code::kMissingVersion);
  EXPECT_EQ(code_of("v=1\r\n"), Code::kMissingVersion);
  EXPECT_EQ(code_of("v=0\r\n\r\n"), Code::kBadLine);
  EXPECT_EQ(code_of("v=0\r\nhello\r\n"), Code::kBadLine);
  EXPECT_EQ(code_of("v=0\r\ns=\xff\xfe\r\n"), Code::kBadLine);
  EXPECT_EQ(code_of(std::string("v=0\r\ns=a\0b\r\n", 12)), Code::kBadLine);
  EXPECT_EQ(code_of("v=0\r\nm=audio\r\n"), Code::kBadMedia);
  EXPECT_EQ(code_of("v=0\r\nm=audio 99999 UDP/TLS/RTP/SAVPF 111\r\n"), Code::kBadMedia);
  EXPECT_EQ(code_of("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 128\r\n"), Code::kBadMedia);
}

TEST(SdpAnswer, RefusesOtherMediaThanOffered) {
  EXPECT_EQ(code_of("v=0\r\n"), Code::kMediaMismatch);
  EXPECT_EQ(code_after("m=audio 9", "m=video 9"), Code::kMediaMismatch);
  EXPECT_EQ(code_of(good_answer() + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"),
            Code::kMediaMismatch);
  EXPECT_EQ(code_after("UDP/TLS/RTP/SAVPF", "RTP/AVP"), Code::kBadProtocol);
  EXPECT_EQ(code_after("a=mid:1\r\n", ""), Code::kMissingMid);
  EXPECT_EQ(code_after("a=mid:1\r\n", "a=mid:0\r\n"), Code::kDuplicateMid);
  EXPECT_EQ(code_after("a=mid:1\r\n", "a=mid:7\r\n"), Code::kBadMid);
  EXPECT_EQ(code_after("a=mid:1\r\n", "a=mid:1\r\na=mid:1\r\n"), Code::kBadMid);
  EXPECT_EQ(code_after("a=mid:1\r\n", "a=mid:\r\n"), Code::kBadMid);
}

TEST(SdpAnswer, RefusesUnbundledMedia) {
  EXPECT_EQ(code_after("a=group:BUNDLE 0 1 2 3 4\r\n", ""), Code::kMissingBundle);
  EXPECT_EQ(code_after("BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 3"), Code::kBadBundle);
  EXPECT_EQ(code_after("BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 3 4 5"), Code::kBadBundle);
  EXPECT_EQ(code_after("BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 3 4 4"), Code::kBadBundle);
  EXPECT_EQ(code_after("BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2\r\na=group:BUNDLE 3 4"), Code::kBadBundle);
  EXPECT_EQ(code_after("a=rtcp-mux\r\n", "", -1), Code::kMissingRtcpMux);
}

TEST(SdpAnswer, RefusesBadTransports) {
  EXPECT_EQ(code_after("a=ice-ufrag:abcd\r\n", "", -1), Code::kMissingIce);
  EXPECT_EQ(code_after("a=ice-pwd:abcdefghijklmnopqrstuv\r\n", "", -1), Code::kMissingIce);
  EXPECT_EQ(code_after("a=ice-ufrag:abcd", "a=ice-ufrag:abce"), Code::kBadIce);
  EXPECT_EQ(code_after("a=ice-ufrag:abcd", "a=ice-ufrag:abc", -1), Code::kBadIce);
  EXPECT_EQ(code_after("a=ice-ufrag:abcd", "a=ice-ufrag:ab:d", -1), Code::kBadIce);
  EXPECT_EQ(code_after("a=ice-pwd:abcdefghijklmnopqrstuv", "a=ice-pwd:short", -1), Code::kBadIce);
  EXPECT_EQ(code_after("a=msid-semantic: WMS\r\n", "a=ice-lite\r\n"), Code::kBadIce);
  EXPECT_EQ(code_after("a=fingerprint:sha-256", "a=fingerprint:sha-1", -1), Code::kBadFingerprint);
  EXPECT_EQ(code_after("00:01:02", "00-01:02"), Code::kBadFingerprint);
  EXPECT_EQ(code_after("00:01:02", "00:01"), Code::kBadFingerprint);
  EXPECT_EQ(code_after("00:01:02", "00:01:03"), Code::kBadFingerprint);  // differs from the other m-lines
  EXPECT_EQ(code_after("a=fingerprint:sha-256 00", "a=x:sha-256 00", -1), Code::kMissingFingerprint);
  EXPECT_EQ(code_after("a=setup:active", "a=setup:passive", -1), Code::kBadSetup);
  EXPECT_EQ(code_after("a=setup:active", "a=setup:actpass", -1), Code::kBadSetup);
  EXPECT_EQ(code_after("a=setup:active\r\n", "", -1), Code::kMissingSetup);
  EXPECT_EQ(code_after("a=candidate:1 1 udp", "a=candidate:1 1"), Code::kBadCandidate);
  EXPECT_EQ(code_after("54321 typ host", "99999 typ host"), Code::kBadCandidate);
}

TEST(SdpAnswer, RefusesCodecsThatWereNotOffered) {
  EXPECT_EQ(code_after("SAVPF 96 97", "SAVPF 96 97 98"), Code::kCodecNotOffered);
  EXPECT_EQ(code_after("SAVPF 96 97", "SAVPF 97"), Code::kNoCodec);
  EXPECT_EQ(code_after("SAVPF 96 97", "SAVPF 96 96"), Code::kDuplicatePayloadType);
  EXPECT_EQ(code_after("a=rtpmap:96 VP8/90000", "a=rtpmap:96 H264/90000"), Code::kCodecNotOffered);
  EXPECT_EQ(code_after("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 red/48000/2"), Code::kCodecNotOffered);
  EXPECT_EQ(code_after("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/90000\r\na=rtpmap:98 H264/90000"),
            Code::kCodecNotOffered);
  EXPECT_EQ(code_after("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/90000\r\na=rtpmap:96 VP8/90000"),
            Code::kDuplicatePayloadType);
  EXPECT_EQ(code_after("a=rtpmap:96 VP8/90000\r\n", ""), Code::kBadRtpmap);
  EXPECT_EQ(code_after("a=rtpmap:96 VP8/90000", "a=rtpmap:x VP8/90000"), Code::kBadRtpmap);
}

TEST(SdpAnswer, RefusesExtensionsThatWereNotOffered) {
  const std::string level = "a=extmap:5 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n";
  EXPECT_EQ(code_after(kMidExtension, level), Code::kExtensionNotOffered);
  EXPECT_EQ(code_after(kMidExtension, kMidExtension + kMidExtension), Code::kDuplicateExtension);
  EXPECT_EQ(code_after("a=extmap:1 urn", "a=extmap:2 urn"), Code::kExtensionNotOffered);
  EXPECT_EQ(code_after("a=extmap:1 urn", "a=extmap:0 urn"), Code::kBadExtmap);
  EXPECT_EQ(code_after("a=extmap:1 urn", "a=extmap:256 urn"), Code::kBadExtmap);
  // Transport-cc on a downlink.
  EXPECT_EQ(code_after("a=mid:4\r\n", "a=mid:4\r\n" + kTransportCcExtension), Code::kExtensionNotOffered);
}

TEST(SdpAnswer, RefusesDirectionsThatDoNotAnswer) {
  EXPECT_EQ(code_after("a=sendonly", "a=sendrecv"), Code::kBadDirection);
  EXPECT_EQ(code_after("a=sendonly\r\n", ""), Code::kBadDirection);
  EXPECT_EQ(code_after("a=sendonly\r\n", "a=sendonly\r\na=inactive\r\n"), Code::kBadDirection);
  EXPECT_EQ(code_after("a=mid:3\r\na=recvonly", "a=mid:3\r\na=sendonly"), Code::kBadDirection);
  EXPECT_EQ(code_after("a=mid:2\r\na=inactive", "a=mid:2\r\na=sendonly"), Code::kBadDirection);
}

TEST(SdpAnswer, RefusesBadSsrcs) {
  EXPECT_EQ(code_after("a=ssrc:2002 cname", "a=ssrc:2001 cname"), Code::kDuplicateSsrc);
  EXPECT_EQ(code_after("a=ssrc:2001 cname", "a=ssrc:0 cname"), Code::kBadSsrc);
  EXPECT_EQ(code_after("a=ssrc:2001 cname", "a=ssrc:4294967296 cname"), Code::kBadSsrc);
  EXPECT_EQ(code_after("FID 2002 2003", "FID 2002"), Code::kBadSsrcGroup);
  EXPECT_EQ(code_after("FID 2002 2003", "FID 2002 2004"), Code::kBadSsrcGroup);
  EXPECT_EQ(code_after("FID 2002 2003", "FID 2002 2002"), Code::kDuplicateSsrc);
  EXPECT_EQ(code_after("FID 2002 2003", "FID 2002 2003\r\na=ssrc-group:FID 2003 2002"), Code::kBadSsrcGroup);
}

TEST(SdpAnswer, NamesTheLine) {
  const auto answer = parse_answer("v=0\r\ns=-\r\nhello\r\n", make_test_offer());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().line, 3u);
}

TEST(SdpAnswer, EveryErrorHasASentence) {
  for (int code = 0; code <= static_cast<int>(Code::kBadSsrcGroup); ++code) {
    EXPECT_NE(to_text(static_cast<Code>(code)), "The description was refused.") << code;
  }
}

TEST(SdpAnswer, SurvivesEveryCutAndManyMutations) {
  const std::string good = good_answer();
  const SdpOffer offer = make_test_offer();
  for (std::size_t size = 0; size < good.size(); ++size)
    (void)parse_answer(good.substr(0, size), offer).has_value();
  SeededRandom random(8);
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (int j = 0; j < 3; ++j) text[random.u32() % text.size()] = static_cast<char>(random.u32());
    (void)parse_answer(text, offer).has_value();
  }
}

}  // namespace
}  // namespace parlour::rtc
