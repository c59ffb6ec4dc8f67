// What an attacker has: plain requests, a WebSocket of raw frames, keys of their own, and words that nobody should run.
import { execFileSync } from 'node:child_process';
import { createHash, createHmac, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { root } from './stack.mjs';

const parlour = join(process.env.PARLOUR_BUILD ?? join(root, 'build/release'), 'src/bin/parlour/parlour');

/** One request; `headers` as they stand. */
export function ask(stack, method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: stack.port, method, path, rejectUnauthorized: false, agent: false, headers: { host: `localhost:${stack.port}`, ...headers } }, (incoming) => {
      let text = '';
      incoming.on('data', (piece) => { text += piece; });
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, text, body: /json/.test(incoming.headers['content-type'] ?? '') && text ? JSON.parse(text) : null }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** `parlour admin …` beside the running server. */
export function admin(stack, args, input = '') {
  const [area, verb, ...more] = args;
  return execFileSync(parlour, ['admin', area, verb, '--home', stack.home, ...more], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
}

/** Somebody with a cookie and its token: no browser. */
export class Caller {
  constructor(stack, cookie, csrf, body) { Object.assign(this, { stack, cookie, csrf, body }); }

  static async #start(stack, path, body) {
    const answer = await ask(stack, 'POST', path, { headers: { 'content-type': 'application/json', origin: stack.baseUrl, 'sec-fetch-site': 'same-origin' }, body: JSON.stringify(body) });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return new Caller(stack, answer.headers['set-cookie'][0].split(';')[0], answer.body.csrf, answer.body);
  }
  static staff(stack, { email, password }) { return Caller.#start(stack, '/api/v1/session', { email, password }); }
  static guest(stack, link) { return Caller.#start(stack, '/api/v1/link', { token: link.split('#')[1].split('.')[0] }); }

  call(method, path, body, more = {}) {
    return ask(this.stack, method, `/api/v1${path}`, {
      headers: { 'content-type': 'application/json', origin: this.stack.baseUrl, 'sec-fetch-site': 'same-origin', cookie: this.cookie, 'x-parlour-csrf': this.csrf, ...more },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  async schedule(type, name = 'C. Customer', more = {}) {
    const answer = await this.call('POST', '/meetings', { type_id: type, customer_name: name, customer_email: 'c.customer@example.org', start: new Date(Date.now() + 60000).toISOString(), ...more });
    if (answer.status !== 201) throw new Error(`a meeting for ${name}: ${answer.status} ${answer.text}`);
    return { id: answer.body.meeting.id, link: answer.body.link, participant: null };
  }

  deviceCheck() { return this.call('POST', '/guest/device', { camera: 'ok', microphone: 'ok', speaker: 'heard', network: 'good' }); }
  notice(act = 'acknowledged') {
    const { text_id, version, sha256, lang } = this.body.notice;
    return this.call('POST', '/guest/notice', { act, text_id, version, sha256, lang });
  }

  /** A socket of this person's; a guest goes through device check and notice first. */
  async enter(more = {}, { ready = true } = {}) {
    const guest = 'notice' in this.body;
    if (guest && ready) for (const step of [await this.deviceCheck(), await this.notice()]) if (step.status !== 204) throw new Error(`${step.status} ${step.text}`);
    const socket = await RawSocket.open(this.stack, { cookie: this.cookie });
    const answer = await socket.ask({ type: 'enter', form: 2, as: guest ? 'guest' : 'staff', csrf: this.csrf, ...more });
    return { socket, answer };
  }
}

const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** One frame of RFC 6455, also of kinds that the RFC forbids. */
export function frame(opcode, payload = '', { fin = true, reserved = 0, masked = true, length } = {}) {
  const body = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
  const size = length ?? body.length;
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | (opcodes[opcode] ?? opcode)];
  const bit = masked ? 0x80 : 0;
  if (size < 126) head.push(bit | size);
  else if (size < 65536) head.push(bit | 126, size >> 8, size & 255);
  else { const eight = Buffer.alloc(8); eight.writeBigUInt64BE(BigInt(size)); head.push(bit | 127, ...eight); }
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  const key = randomBytes(4);
  const out = Buffer.from(body);
  for (let i = 0; i < out.length; i++) out[i] ^= key[i & 3];
  return Buffer.concat([Buffer.from(head), key, out]);
}

export class RawSocket {
  static open(stack, { cookie, origin = stack.baseUrl, path = '/api/v1/call', headers = {} } = {}) {
    return new Promise((resolve, reject) => {
      const socket = new RawSocket();
      socket.stack = stack;
      socket.messages = [];
      socket.nextId = 1;
      socket.wake = () => {};
      const lines = { Host: `localhost:${stack.port}`, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Version': '13', ...(origin ? { Origin: origin } : {}), ...(cookie ? { Cookie: cookie } : {}), ...headers };
      const tcp = connect({ host: '127.0.0.1', port: stack.port, servername: 'localhost', rejectUnauthorized: false });
      socket.tcp = tcp;
      socket.closed = new Promise((done) => { socket.end = done; });
      let head = '';
      let body = Buffer.alloc(0);
      tcp.setNoDelay(true);
      tcp.once('secureConnect', () => tcp.write(`GET ${path} HTTP/1.1\r\n${Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`));
      tcp.on('data', (piece) => {
        if (socket.status === undefined) {
          head += piece.toString('latin1');
          const end = head.indexOf('\r\n\r\n');
          if (end < 0) return;
          socket.status = Number(head.split(' ')[1]);
          socket.head = head.slice(0, end);
          body = Buffer.from(head.slice(end + 4), 'latin1');
          resolve(socket);
          if (socket.status !== 101) { socket.refusal = body.toString(); return; }
        } else {
          body = Buffer.concat([body, piece]);
        }
        if (socket.status === 101) body = socket.#take(body);
      });
      tcp.once('error', (error) => { reject(error); socket.end({ code: 1006, reason: error.code }); });
      tcp.once('close', () => { reject(new Error('closed before an answer')); socket.end({ code: 1006, reason: '' }); socket.wake(); });
    });
  }

  #take(bytes) {
    for (;;) {
      if (bytes.length < 2) return bytes;
      const short = bytes[1] & 127;
      const at = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (bytes.length < at) return bytes;
      const size = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
      if (bytes.length < at + size) return bytes;
      const body = bytes.subarray(at, at + size);
      const opcode = bytes[0] & 15;
      if (opcode === 1) this.messages.push(JSON.parse(body.toString()));
      if (opcode === 8) {
        this.end({ code: size >= 2 ? body.readUInt16BE(0) : 1005, reason: body.subarray(2).toString() });
        if (!this.tcp.destroyed) this.tcp.write(frame('close', body));
      }
      if (opcode === 9 && !this.tcp.destroyed) this.tcp.write(frame('pong', body));
      this.wake();
      bytes = bytes.subarray(at + size);
    }
  }

  write(bytes) { if (!this.tcp.destroyed) this.tcp.write(bytes); }
  send(message) { this.write(frame('text', typeof message === 'string' ? message : JSON.stringify(message))); }

  /** The answer to one message: ok, refused, or how the socket was closed. */
  async ask(message, seconds = 10) {
    const id = this.nextId++;
    this.send({ ...message, id });
    const answer = await this.message((one) => one.re === id, seconds);
    return answer ?? { type: 'closed', ...(await this.closed) };
  }

  /** The first message that fits; null when the socket is closed before. */
  async message(fits, seconds = 10) {
    const end = Date.now() + seconds * 1000;
    let gone = false;
    void this.closed.then(() => { gone = true; this.wake(); });
    for (;;) {
      const found = this.messages.find(fits);
      if (found) return found;
      if (gone) return null;
      if (Date.now() > end) throw new Error(`no answer within ${seconds} s; the last: ${JSON.stringify(this.messages.slice(-3)).slice(0, 900)}`);
      await new Promise((resolve) => { const timer = setTimeout(resolve, 200); this.wake = () => { clearTimeout(timer); resolve(); }; });
    }
  }

  /** How it ended; a socket that stays open is an error. */
  async code(seconds = 10) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not closed within ${seconds} s`)), seconds * 1000); });
    return Promise.race([this.closed.then((end) => end.code), late]).finally(() => clearTimeout(timer));
  }
  destroy() { this.tcp.destroy(); }
}

const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();

/** A device with keys of its own, that signs what it likes (docs/features/e2ee-encodings.md). */
export class Device {
  constructor(role) {
    this.role = role;
    this.ep = b64(randomBytes(16));
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    this.sig = Device.#point(pair.publicKey);
    this.kem = Device.#point(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  }
  static #point(key) {
    const { x, y } = key.export({ format: 'jwk' });
    return b64(Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]));
  }
  sign(t, body) {
    const bytes = Buffer.from(JSON.stringify(body));
    const s = sign('sha256', Buffer.concat([Buffer.from(`Parlour/1 ${t}\0`), bytes]), { key: this.key, dsaEncoding: 'ieee-p1363' });
    return { t, k: this.ep, b: b64(bytes), s: b64(s) };
  }
  hello(call, name, more = {}) {
    this.message = this.sign('Hello', { call, ep: this.ep, role: this.role, name, sig: this.sig, kem: this.kem, nonce: b64(randomBytes(16)), iat: Date.now(), caps: [], renews: null, cred: { kind: 'server', proof: '' }, ...more });
    return this.message;
  }
  member(idx) { return { idx, ep: this.ep, role: this.role, sig: this.sig, kem: this.kem, hello: b64(sha256(Buffer.from(this.message.b, 'base64url'))), kinds: ['a', 'v'] }; }
  /** The Roster after `before` (or the call's first) that names these members; never recorded. */
  roster(welcome, members, before = null) {
    const { call, policy, meeting } = welcome;
    const policyHash = sha256(Buffer.from(policy.b, 'base64url'));
    const version = Buffer.alloc(4);
    version.writeUInt32BE(meeting.type_version);
    const epoch = before === null ? 1 : JSON.parse(Buffer.from(before.b, 'base64url')).epoch + 1;
    const prev = before === null ? sha256('Parlour/1 start\0', Buffer.from(call, 'base64url'), policyHash, meeting.type_id, version) : sha256(Buffer.from(before.b, 'base64url'));
    return this.sign('Roster', { call, meeting: b64(Buffer.from(meeting.id.replaceAll('-', ''), 'hex')), epoch, prev: b64(prev), type_id: meeting.type_id, type_version: meeting.type_version, policy: b64(policyHash), steward: members.find((one) => one.role === 1)?.idx ?? 0, members, mode: 'off', rec: null, reason: '', t: Date.now() });
  }
}

/** A STUN binding request as ICE makes it; length and type may be wrong. */
export function stunRequest({ username, password, type = 1, length }) {
  const attribute = (kind, value) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(kind, 0);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
  };
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  let message = Buffer.concat([head, attribute(0x0006, Buffer.from(username)), attribute(0x0024, Buffer.from([0x6e, 0, 1, 255])), attribute(0x802a, randomBytes(8))]);
  message.writeUInt16BE(message.length - 20 + 24, 2);
  message = Buffer.concat([message, attribute(0x0008, createHmac('sha1', password).update(message).digest())]);
  message.writeUInt16BE(message.length - 20 + 8, 2);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE((crc32(message) ^ 0x5354554e) >>> 0);
  message = Buffer.concat([message, attribute(0x8028, crc)]);
  if (length !== undefined) message.writeUInt16BE(length, 2);
  return message;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Whether the media port answers a check with these credentials: sends a few, since a datagram may be lost. */
export async function stunAnswers(port, credentials, tries = 3, host = '127.0.0.1') {
  const socket = createSocket('udp4');
  // Only a success counts: a refusal (401) is an answer to anybody.
  const answered = new Promise((resolve) => socket.on('message', (message) => { if (message.readUInt16BE(0) === 0x0101) resolve(true); }));
  try {
    for (let i = 0; i < tries; i++) {
      socket.send(stunRequest(credentials), port, host);
      if (await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 200, false))])) return true;
    }
    return false;
  } finally {
    socket.close();
  }
}

/** ICE user name and password of an SDP. */
export function iceOf(sdp) {
  return { ufrag: /a=ice-ufrag:(\S+)/.exec(sdp)[1], password: /a=ice-pwd:(\S+)/.exec(sdp)[1], fingerprint: /a=fingerprint:(\S+ \S+)/.exec(sdp)?.[1] };
}

/** The answer of a well-behaved browser to the server's offer, to be spoiled by a test. */
export function answerTo(offer, { ufrag = 'abcd', fingerprint = `sha-256 ${Array.from(randomBytes(32), (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')}` } = {}) {
  return offer
    .replace(/a=(recvonly|sendonly)/g, (_, word) => (word === 'recvonly' ? 'a=sendonly' : 'a=recvonly'))
    .replace(/a=(ssrc|ssrc-group|msid|candidate|end-of-candidates|ice-lite|extmap-allow-mixed)\b.*\r\n/g, '')
    .replace(/a=ice-ufrag:\S+/g, `a=ice-ufrag:${ufrag}`)
    .replace(/a=ice-pwd:\S+/g, `a=ice-pwd:${'p'.repeat(24)}`)
    .replace(/a=fingerprint:\S+ \S+/g, `a=fingerprint:${fingerprint}`)
    .replace(/a=setup:\S+/g, 'a=setup:active');
}
