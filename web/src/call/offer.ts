// What an offer may ask of this browser (e2ee.md 6), judged before the browser sees it. Encryption hides what is said; a variable
// rate, a level beside each packet or a codec that we don't encrypt would tell it all the same, and the server chooses them.
// Pure.

const codecs: Record<string, readonly string[]> = { audio: ['opus'], video: ['VP8', 'rtx'] };

/** The name of what must not be in it, or null. */
export function offerFault(sdp: string): string | null {
  const [session = '', ...sections] = sdp.split(/^m=/m);
  // Sound levels per packet (RFC 6464, 6465), in clear beside what is encrypted.
  if (/^a=extmap:.*\b(?:ssrc|csrc)-audio-level\b/im.test(sdp)) return 'offer.audio_level';
  if (/^a=(?:rtpmap|fmtp):/m.test(session)) return 'offer.codec';
  for (const section of sections) {
    const kind = /^\S+/.exec(section)?.[0] ?? '';
    const allowed = codecs[kind];
    if (!allowed) return 'offer.media';
    const payloads = /^\S+ \S+ \S+([^\r\n]*)/.exec(section)?.[1]?.trim().split(/\s+/) ?? [];
    for (const payload of payloads) {
      const codec = new RegExp(`^a=rtpmap:${payload} ([^/\\s]+)`, 'm').exec(section)?.[1] ?? '';
      if (!/^\d+$/.test(payload) || !allowed.includes(codec)) return 'offer.codec';
      if (codec !== 'opus') continue;
      const lines = [...section.matchAll(new RegExp(`^a=fmtp:${payload} ([^\\r\\n]*)`, 'gm'))].map((match) => match[1] ?? '');
      const parts = lines.join(';').split(';').map((setting) => setting.trim().split('='));
      const settings = new Map(parts.map(([name = '', value = '']): [string, string] => [name, value]));
      // Said once: a second word could take it back.
      if (lines.length !== 1 || settings.size !== parts.length || settings.get('cbr') !== '1') return 'offer.cbr';
      for (const name of ['usedtx', 'useinbandfec']) if ((settings.get(name) ?? '0') !== '0') return 'offer.dtx';
    }
  }
  return null;
}
