// Test only: states of a call, by name.

import type { CallConfig } from '../../src/call/api.ts';
import type { CallState, MemberView } from '../../src/call/state.ts';

const now = Date.now();

/** A drawn person on a plain wall, moving a little. */
function picture(colour: string, wall: string, screen = false): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = 960;
  canvas.height = screen ? 600 : 720;
  const pen = canvas.getContext('2d');
  let step = 0;
  const draw = (): void => {
    if (pen === null) return;
    step += 1;
    pen.fillStyle = wall;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (screen) {
      pen.fillStyle = '#1b2321';
      pen.font = '32px sans-serif';
      ['Portfolio, 24 November 2026', 'Bonds 40 %', 'Shares 45 %', 'Cash 15 %'].forEach((line, index) => pen.fillText(line, 60, 90 + index * 60));
      pen.fillStyle = colour;
      [260, 290, 100].forEach((height, index) => pen.fillRect(560 + index * 110, 480 - height, 80, height));
    } else {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.ellipse(480, 800, 330, 330, 0, 0, Math.PI * 2);
      pen.fill();
      pen.fillStyle = '#d7a98a';
      pen.beginPath();
      pen.ellipse(480 + Math.sin(step / 8) * 4, 330, 130, 165, 0, 0, Math.PI * 2);
      pen.fill();
    }
  };
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10);
}

function member(extra: Partial<MemberView>): MemberView {
  return {
    idx: 0, ep: 'a', role: 'agent', name: 'J. Adviser', self: false, steward: true, knownBy: 'server', presence: 'online', deciding: false, acknowledged: true,
    active: ['microphone', 'camera'], listening: false, heard: true, speaking: false, microphoneMuted: false, cameraOff: false, path: 'up', ...extra,
  };
}

/** The scenes that a running page can come into from each other. */
export function tour(config: CallConfig): string[] {
  const both = ['connecting', 'connected', 'connected_no_camera', 'connected_shared', 'stopped', 'connected', 'poor', 'other_reconnecting', 'picture_still', 'screen_still', 'other_silent', 'held', 'connected', 'reconnecting', 'problem', 'connected'];
  return config.as === 'staff' ? ['alone', 'alone_waiting', ...both, 'second_waiting', 'ended_staff'] : ['starting', 'waiting', 'waiting_queue', 'waiting_lost', ...both, 'ended_staff', 'ended_left', 'ended_doubt', 'ended_lost'];
}

export function scene(name: string, config: CallConfig): CallState {
  const staff = config.as === 'staff';
  const never = name.includes('never');
  const camera = config.media?.camera ?? null;
  const agent = member({ self: staff, knownBy: staff ? 'self' : 'server', speaking: !staff });
  const customer = member({ idx: 1, ep: 'c', role: 'customer', name: 'C. Customer', steward: false, self: !staff, knownBy: staff ? 'server' : 'self', speaking: staff });
  const recorder = member({ idx: 255, ep: null, role: 'recorder', name: 'Example Bank', steward: false, knownBy: 'policy', active: [], listening: true, microphoneMuted: null, cameraOff: null });
  const other = staff ? customer : agent;
  const members = never ? [agent, customer] : [agent, customer, recorder];
  const code = ['40217', '88153', '09264', '71530', '26648', '93017'];
  const base: CallState = {
    phase: 'connected',
    link: 'online',
    self: {
      ep: staff ? 'a' : 'c', idx: staff ? 0 : 1, role: staff ? 'agent' : 'customer', name: staff ? 'J. Adviser' : 'C. Customer', steward: staff,
      microphone: config.media?.microphone ? 'on' : 'none', camera: camera ? 'on' : 'none', screen: 'none', preview: camera ? new MediaStream([camera]) : null, screenPreview: null, speaking: false,
    },
    members,
    waiting: [],
    queuePlace: null,
    placeKeptMin: 10,
    waitingSinceMs: null,
    adviser: 'here',
    meeting: null,
    tiles: [{ id: 'x', idx: other.idx, slot: 'camera', name: other.name, stream: picture(staff ? '#7a5a8c' : '#2d5f6b', staff ? '#c9cdbf' : '#b8c4c9'), still: false, fromMs: 0 }],
    sounds: [],
    sharing: null,
    encryption: { epoch: 1, pending: false, established: true, waitingForKeysOf: [], waitingForMediaOf: [], framesSent: 1000, framesDecrypted: 1000, framesRejected: 0 },
    recording: { policy: never ? 'never' : 'required', fact: never ? 'off' : 'on', kinds: ['a', 'v'], reason: null, sinceMs: now },
    media: { allowed: true, reason: 'ok', endsAtMs: null },
    path: 'up',
    security: { code, codeChanges: [], organisation: 'Example Bank', rootFingerprint: '0a1b 2c3d 4e5f 6071 8293 a4b5 c6d7 e8f9', link: staff ? 'none' : 'proven', receiptAvailable: true },
    quality: { level: 'good', cause: 'none', rttMs: 20, lossPercent: 0 },
    connectedAtMs: now - 724_000,
    heldUntilMs: null,
    heldCause: null,
    problem: null,
    happenings: [],
    ended: null,
  };
  const out: CallState = {
    ...base, phase: 'waiting', members: [], tiles: [], encryption: { ...base.encryption, established: false, epoch: 0 }, connectedAtMs: null,
    recording: { ...base.recording, fact: 'off' }, media: { allowed: false, reason: 'not_admitted', endsAtMs: null }, security: { ...base.security, code: null, receiptAvailable: false },
  };
  const waitingPerson = {
    ep: 'c', participant: '01931f00-0000-7000-8000-0000000000c1', helloHash: 'h', name: 'C. Customer', role: 'customer' as const, knownBy: 'server' as const, sinceMs: now - 185_000, renews: false, undecided: false, secondDevice: false, awaySinceMs: null,
  };
  const unreachable: CallState = {
    ...base, phase: 'admitted', tiles: [], connectedAtMs: null, recording: { ...base.recording, fact: 'starting' }, media: { allowed: false, reason: 'no_path', endsAtMs: null },
    encryption: { ...base.encryption, established: false, waitingForMediaOf: [other.idx] },
  };
  const ended = { declined: null, recorded: false, conversation: true, noPath: false, keptUntilMs: null, text: null, atMs: now };
  switch (name) {
    case 'starting':
      return { ...out, phase: 'starting', queuePlace: null, adviser: 'unknown' };
    case 'waiting':
      return { ...out, queuePlace: 1 };
    case 'waiting_queue':
      return { ...out, queuePlace: 2, adviser: 'away' };
    case 'waiting_lost':
      return { ...out, queuePlace: 1, link: 'reconnecting' };
    case 'connecting':
      return { ...base, phase: 'connecting', tiles: [], connectedAtMs: null, recording: { ...base.recording, fact: 'starting' }, encryption: { ...base.encryption, established: false, waitingForKeysOf: [255], waitingForMediaOf: [other.idx] }, media: { allowed: false, reason: 'ok', endsAtMs: null } };
    case 'waiting_no_path':
      return { ...out, queuePlace: 1, path: 'none', problem: { code: 'media_failed', detail: 'connection: connecting', idx: null, fatal: false } };
    case 'waiting_testing':
      return { ...out, queuePlace: 1, path: 'pending' };
    case 'no_path':
      return { ...unreachable, path: 'none', problem: { code: 'media_failed', detail: 'connection: connecting', idx: null, fatal: false } };
    case 'other_no_path':
      return { ...unreachable, members: members.map((one) => (one.idx === other.idx ? { ...one, path: 'none', heard: false } : one)) };
    case 'ended_no_conversation':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'staff', conversation: false } };
    case 'ended_no_path':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'staff', conversation: false, noPath: true } };
    case 'ended_second_refused':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'declined', declined: 'other_device', conversation: true } };
    case 'ended_keys':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'keys_missing', conversation: false } };
    case 'ended_link_replaced':
      return { ...out, phase: 'ended', ended: { ...ended, reason: 'link_replaced', conversation: false } };
    case 'keys_missing':
      return { ...unreachable, recording: { ...base.recording, fact: 'starting', reason: 'keys_missing' }, media: { allowed: false, reason: 'keys_missing', endsAtMs: now + 95_000 }, security: { ...base.security, link: staff ? 'none' : 'overdue' }, members: members.map((one) => (one.idx === other.idx ? { ...one, deciding: staff, acknowledged: false } : one)) };
    case 'not_begun':
      return { ...unreachable, media: { allowed: false, reason: 'recording.not_begun', endsAtMs: now + 95_000 } };
    case 'waiting_asked':
      return { ...out, queuePlace: 1, security: { ...out.security, link: 'overdue' } };
    case 'undecided_waiting':
      return { ...out, waiting: [{ ...waitingPerson, undecided: true }] };
    case 'known_waiting':
      return { ...out, waiting: [{ ...waitingPerson, knownBy: 'link' }] };
    case 'held_left':
      return { ...scene('held', config), heldCause: 'left' };
    case 'connected_no_camera':
      return { ...base, members: members.map((one) => (one.idx === other.idx ? { ...one, cameraOff: true, microphoneMuted: true, speaking: false } : one)), tiles: [] };
    case 'connected_shared':
      return { ...base, sharing: 0, tiles: [...base.tiles, { id: 's', idx: other.idx, slot: 'screen', name: other.name, stream: picture('#2d5f6b', '#f7f6f1', true), still: false, fromMs: 0 }] };
    case 'stopped':
      return { ...base, media: { allowed: false, reason: 'recording.stalled', endsAtMs: now + 95_000 }, recording: { ...base.recording, fact: 'stopped', reason: 'recording.stalled' } };
    case 'poor':
      return { ...base, quality: { level: 'poor', cause: 'loss', rttMs: 300, lossPercent: 9 } };
    case 'reconnecting':
      return { ...base, link: 'reconnecting' };
    case 'other_reconnecting':
      return { ...base, members: members.map((one) => (one.idx === other.idx ? { ...one, presence: 'reconnecting', speaking: false } : one)) };
    case 'other_silent':
      return { ...base, members: members.map((one) => (one.idx === other.idx ? { ...one, presence: 'silent', speaking: false } : one)), tiles: base.tiles.map((one) => ({ ...one, still: true })) };
    case 'picture_still':
      return { ...base, tiles: base.tiles.map((one) => ({ ...one, still: true })) };
    case 'screen_still':
      return { ...scene('connected_shared', config), tiles: scene('connected_shared', config).tiles.map((one) => ({ ...one, still: true })) };
    case 'held':
      return { ...base, phase: 'held', heldCause: 'lost', heldUntilMs: now + 284_000, media: { allowed: false, reason: 'held', endsAtMs: null }, encryption: { ...base.encryption, established: false }, recording: { ...base.recording, fact: 'starting' } };
    case 'code_changed':
      return { ...base, security: { ...base.security, codeChanges: [{ what: 'reloaded', name: other.name, atMs: now - 60_000 }] } };
    case 'problem':
      return { ...base, phase: 'stopped', tiles: [], encryption: { ...base.encryption, established: false }, problem: { code: 'roster_refused', detail: 'roster.steward', idx: null, fatal: true } };
    case 'alone':
      return out;
    case 'alone_waiting':
      return { ...out, waiting: [waitingPerson] };
    case 'away_waiting':
      return { ...out, waiting: [{ ...waitingPerson, awaySinceMs: now - 95_000 }] };
    case 'second_waiting':
      return { ...base, waiting: [{ ...waitingPerson, secondDevice: true }] };
    case 'elsewhere':
      return { ...out, self: { ...out.self, steward: false } };
    case 'ended_staff':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'staff', recorded: true, keptUntilMs: Date.parse('2033-11-24T12:00:00Z') } };
    case 'ended_never':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'staff' } };
    case 'ended_left':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'left', recorded: true, keptUntilMs: Date.parse('2033-11-24T12:00:00Z') } };
    case 'ended_doubt':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'left', recorded: null } };
    case 'ended_lost':
      return { ...base, phase: 'ended', ended: { ...ended, reason: 'recording_lost', recorded: true, keptUntilMs: Date.parse('2033-11-24T12:00:00Z') } };
    case 'ended_declined':
      return { ...out, phase: 'ended', ended: { ...ended, reason: 'declined', declined: 'not_now' } };
    default:
      return base;
  }
}
