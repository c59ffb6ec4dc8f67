// Altered clients, and devices of a test's own making. Each runs in the page (or its worker) before Parlour's code does.

/**
 * A camera and a microphone that do the same thing at the same moment on every machine: at each multiple of two seconds of the
 * wall clock the picture is white and a tone sounds, both for 200 ms. So picture and sound of one person, and those of two, can
 * be laid beside each other. `globalThis.devices` is what goes wrong with them: the microphone's source stalls, both are
 * unplugged, the camera changes its size.
 */
export async function flashingDevices(person) {
  await person.context.addInitScript(() => {
    const everyMs = 2000;
    const lengthMs = 200;
    const devices = { microphone: null, camera: null };
    globalThis.devices = {
      // Nothing is captured until it goes on; nothing that was planned sounds later.
      async stall(on) {
        const { context, gain } = devices.microphone;
        if (on) await context.suspend();
        gain.gain.cancelScheduledValues(0);
        gain.gain.value = 0;
        if (!on) await context.resume();
      },
      unplug() {
        for (const { track } of [devices.microphone, devices.camera]) {
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }
      },
      size(width, height) { Object.assign(devices.camera.canvas, { width, height }); },
    };
    const picture = () => {
      const canvas = document.createElement('canvas');
      canvas.width = 320;
      canvas.height = 180;
      const pen = canvas.getContext('2d');
      let step = 0;
      const draw = () => {
        const lit = Date.now() % everyMs < lengthMs;
        pen.fillStyle = lit ? '#fff' : '#000';
        pen.fillRect(0, 0, canvas.width, canvas.height);
        // Something that always moves, too small to count as light.
        pen.fillStyle = '#888';
        pen.fillRect(step++ % 320, canvas.height - 10, 8, 8);
      };
      const stream = canvas.captureStream();
      setInterval(draw, 16);
      devices.camera = { canvas, track: stream.getVideoTracks()[0] };
      return devices.camera.track;
    };
    const sound = async () => {
      const context = new AudioContext({ latencyHint: 'interactive' });
      await context.resume();
      const tone = context.createOscillator();
      const gain = context.createGain();
      const out = context.createMediaStreamDestination();
      tone.frequency.value = 1000;
      gain.gain.value = 0;
      tone.connect(gain).connect(out);
      tone.start();
      let planned = 0;
      setInterval(() => {
        if (context.state !== 'running') return;
        const now = Date.now();
        const next = Math.ceil((now + 20) / everyMs) * everyMs;
        if (next === planned || next - now > 600) return;
        planned = next;
        const at = context.currentTime + (next - now) / 1000;
        gain.gain.setValueAtTime(0.5, at);
        gain.gain.setValueAtTime(0, at + lengthMs / 1000);
      }, 100);
      devices.microphone = { context, gain, track: out.stream.getAudioTracks()[0] };
      return devices.microphone.track;
    };
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const tracks = [];
      if (wish.audio) tracks.push(await sound());
      if (wish.video) tracks.push(picture());
      return new MediaStream(tracks);
    };
  });
}

/**
 * A client that spoils its uplinks' transforms once `globalThis.spoil` is set: `late` sets them 50 ms
 * after a track is on them, `null` takes
 * them away a second after a track is on them, `never` doesn't set them. The self-test before the call is left alone, as a patched client would.
 */
export async function spoiledTransforms(person, how) {
  await person.context.addInitScript((way) => {
    const property = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, 'transform');
    const late = new Map();
    const replaceTrack = RTCRtpSender.prototype.replaceTrack;
    RTCRtpSender.prototype.replaceTrack = async function (track) {
      await replaceTrack.call(this, track);
      if (track && late.has(this)) setTimeout(() => { late.get(this)?.(); late.delete(this); }, 50);
    };
    Object.defineProperty(RTCRtpSender.prototype, 'transform', {
      configurable: true,
      get() { return property.get.call(this); },
      set(transform) {
        const set = (value) => property.set.call(this, value);
        if (!globalThis.spoil) set(transform);
        else if (way === 'late') late.set(this, () => set(transform));
        else if (way === 'null') {
          set(transform);
          const timer = setInterval(() => {
            if (!this.track) return;
            clearInterval(timer);
            setTimeout(() => set(null), 1000);
          }, 50);
        }
      },
    });
    // Such a client would not ask for the encoder's output to be held back until there is a transform, either.
    const Real = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = new Proxy(Real, {
      construct(target, [configuration]) { return new target(globalThis.spoil ? { ...configuration, encodedInsertableStreams: false } : configuration); },
    });
  }, how);
}

/**
 * A client that keeps what it must not: base keys, private keys and pieces of plaintext frames, for looking for them elsewhere.
 * `secrets` collects them, as hex.
 */
export async function keepSecrets(person) {
  const head = `{
    const seen = { keys: [], pieces: [] };
    const hex = (bytes) => Array.from(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength), (b) => b.toString(16).padStart(2, '0')).join('');
    const subtle = crypto.subtle;
    const importKey = subtle.importKey.bind(subtle);
    const encrypt = subtle.encrypt.bind(subtle);
    const generateKey = subtle.generateKey.bind(subtle);
    // HKDF input of 32 bytes: a base key of the call.
    subtle.importKey = (format, data, algorithm, ...more) => {
      if (format === 'raw' && (algorithm === 'HKDF' || algorithm.name === 'HKDF') && data.byteLength === 32) seen.keys.push(hex(data));
      return importKey(format, data, algorithm, ...more);
    };
    subtle.encrypt = (algorithm, key, data) => {
      if (data.byteLength > 60 && seen.pieces.length < 4000) {
        const middle = data.byteLength >> 1;
        const piece = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength).slice(middle - 12, middle + 12);
        // Padding and silence are found anywhere.
        if (new Set(piece).size >= 16) seen.pieces.push((data.byteLength > 400 ? 'video ' : 'audio ') + hex(piece));
      }
      return encrypt(algorithm, key, data);
    };
    subtle.generateKey = async (algorithm, extractable, uses) => {
      const pair = await generateKey(algorithm, true, uses);
      if (pair.privateKey) {
        const d = (await subtle.exportKey('jwk', pair.privateKey)).d.replace(/-/g, '+').replace(/_/g, '/');
        seen.keys.push(Array.from(atob(d), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(''));
      }
      return pair;
    };
    globalThis.keptSecrets = seen;
  }\n`;
  await person.context.addInitScript(head);
  await person.context.route(/\/assets\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: head + (await response.text()) });
  });
  person.secrets = async () => {
    const all = { keys: new Set(), pieces: new Set() };
    for (const place of [person.page, ...person.page.workers()]) {
      const seen = await place.evaluate(() => globalThis.keptSecrets ?? null).catch(() => null);
      for (const kind of ['keys', 'pieces']) for (const one of seen?.[kind] ?? []) all[kind].add(one);
    }
    return { keys: [...all.keys], pieces: [...all.pieces] };
  };
}

/** A client whose worker passes frames on as they are, from the moment `person.goPlain()` is called: what Firefox does when a transform is taken away. */
export async function plainOnDemand(person) {
  const head = `for (const kind of [RTCEncodedVideoFrame, RTCEncodedAudioFrame]) {
    const data = Object.getOwnPropertyDescriptor(kind.prototype, 'data');
    Object.defineProperty(kind.prototype, 'data', { configurable: true, get() { return data.get.call(this); }, set(bytes) { if (!globalThis.plain) data.set.call(this, bytes); } });
  }\n`;
  await person.context.route(/\/assets\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: head + (await response.text()) });
  });
  person.goPlain = async () => {
    for (const worker of person.page.workers()) await worker.evaluate(() => { globalThis.plain = true; });
  };
}

/** A browser that sends sound at a variable rate whatever was agreed, as Firefox does: the server's wish for `cbr=1` is lost on the way. */
export async function variableRate(person) {
  await person.context.addInitScript(() => {
    const real = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      const sdp = description.sdp.replace(/\bcbr=1\b/g, 'cbr=0');
      if (sdp !== description.sdp) globalThis.answeredCbr = 'cbr=0';
      return real.call(this, { type: description.type, sdp });
    };
  });
}
