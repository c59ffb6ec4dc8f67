import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { offerFault } from './offer';

const offer = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 cbr=1;useinbandfec=0;usedtx=0;stereo=0',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=mid:1',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  '',
].join('\r\n');

describe('fault H10: what an offer may ask', () => {
  it('is what our server offers', () => {
    expect(offerFault(offer)).toBeNull();
    // The server's own line, as its source has it.
    const source = readFileSync(fileURLToPath(new URL('../../../src/rtc/sdp_offer.cpp', import.meta.url)), 'utf8');
    expect(source).toContain('"cbr=1;useinbandfec=0;usedtx=0;stereo=0"');
  });

  it.each([
    ['offer.cbr', 'cbr=1;', 'cbr=0;'],
    ['offer.cbr', 'cbr=1;', ''],
    ['offer.cbr', 'cbr=1;', 'cbr=10;'],
    ['offer.cbr', 'a=fmtp:111 cbr=1;useinbandfec=0;usedtx=0;stereo=0\r\n', ''],
    ['offer.cbr', 'stereo=0\r\n', 'stereo=0\r\na=fmtp:111 cbr=0\r\n'],
    ['offer.cbr', 'stereo=0\r\n', 'stereo=0;cbr=0\r\n'],
    ['offer.cbr', 'cbr=1;', 'cbr=0;cbr=1;'],
    ['offer.dtx', 'usedtx=0', 'usedtx=1'],
    ['offer.dtx', 'useinbandfec=0', 'useinbandfec=1'],
    ['offer.audio_level', 'a=mid:0', 'a=extmap:5 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=mid:0'],
    ['offer.audio_level', 'a=mid:0', 'a=extmap:5/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on\r\na=mid:0'],
    ['offer.audio_level', 't=0 0', 't=0 0\r\na=extmap:5 urn:ietf:params:rtp-hdrext:csrc-audio-level'],
    ['offer.codec', 'SAVPF 111', 'SAVPF 111 0'],
    ['offer.codec', 'SAVPF 111\r\n', 'SAVPF 111 63\r\na=rtpmap:63 red/48000/2\r\n'],
    ['offer.codec', 'VP8/90000', 'H264/90000'],
    ['offer.codec', 'a=rtpmap:111 opus', 'a=rtpmap:111 PCMU'],
    ['offer.media', 'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'],
  ])('%s: %j is not replaced by %j', (fault, from, to) => {
    expect(offer).toContain(from);
    expect(offerFault(offer.replace(from, to))).toBe(fault);
  });
});
