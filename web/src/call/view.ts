// From facts to the one snapshot that pages show. No state of its own, no side effects.

import { recorderIdx, roleNumber, type Slot, type WaitingEntry } from '../protocol';
import type { LocalMedia } from './devices';
import type { SessionFacts } from './facts';
import type { MediaLink } from './media_link';
import type { Message } from './messages';
import { qualityOf } from './quality';
import type { SecureCall } from './secure_call';
import type { CallState, MemberView, Phase, RecordingView, Role, SlotName, SlotState, WaitingView } from './state';

export interface WaitingInput {
  entry: WaitingEntry;
  hello: Message<'Hello'> | null;
  renews: boolean;
}

const slotNames: Record<Slot, SlotName> = { 0: 'microphone', 1: 'camera', 2: 'screen' };
const roles: Record<number, Role> = { [roleNumber.agent]: 'agent', [roleNumber.customer]: 'customer', [roleNumber.guest]: 'guest' };

export function viewOf(facts: SessionFacts, call: SecureCall | null, media: MediaLink, local: LocalMedia | null, waiting: readonly WaitingInput[]): CallState {
  const roster = call?.newest?.roster ?? null;
  const selfIdx = call?.selfIdx ?? null;
  const listed = selfIdx !== null;
  const state = call?.facts() ?? { acked: false, waitingForKeysOf: [], waitingForMediaOf: [] };
  // Two who only listen have no frame to wait for: without a way for media nobody is in a conversation all the same.
  const reachable = facts.wasConnected || media.path === 'up';
  const established = listed && (call?.sendEpoch ?? 0) > 0 && state.acked && state.waitingForMediaOf.length === 0 && !facts.stopped && reachable;
  const members = listed && call && roster ? memberViews(facts, call, media) : [];
  const nameOf = (idx: number): string => members.find((m) => m.idx === idx)?.name ?? '';
  const rejected = facts.counts?.rejected;
  const carrying = listed && (call?.sendEpoch ?? 0) > 0 && !facts.stopped && facts.heldUntil === null && !facts.stewardSilent;
  return {
    phase: phaseOf(facts, call, state.acked, established),
    link: facts.link,
    self: {
      ep: call?.ep ?? null,
      idx: selfIdx,
      role: facts.role,
      name: facts.you?.name ?? '',
      steward: call?.isSteward ?? false,
      microphone: slotState(local?.microphone ?? null, media.muted.microphone, carrying),
      camera: slotState(local?.camera ?? null, media.muted.camera, carrying),
      screen: slotState(local?.screen ?? null, false, carrying),
      preview: streamOf(local?.camera ?? null),
      screenPreview: streamOf(local?.screen ?? null),
      speaking: media.selfSpeaking,
    },
    members,
    waiting: waiting.map((input) => waitingView(input, call)),
    queuePlace: listed ? null : facts.queuePlace,
    placeKeptMin: facts.placeKeptMin,
    waitingSinceMs: facts.waitingSinceMs,
    adviser: facts.adviser,
    meeting: facts.meeting,
    tiles: media
      .tiles()
      // A screen is there while its member shares it, and not a moment longer: what stood on it last may be the wrong window.
      .filter((t) => members.some((m) => m.idx === t.idx) && (t.slot !== 'screen' || t.idx === sharingIdx(facts, members)))
      .map((t) => ({ ...t, name: nameOf(t.idx) })),
    sounds: media.sounds(),
    sharing: sharingIdx(facts, members),
    encryption: {
      epoch: call?.sendEpoch ?? 0,
      pending: call?.switching ?? false,
      established,
      waitingForKeysOf: state.waitingForKeysOf,
      waitingForMediaOf: state.waitingForMediaOf,
      framesSent: facts.counts?.sent ?? 0,
      framesDecrypted: facts.counts?.opened ?? 0,
      framesRejected: rejected ? rejected.auth + rejected.shim + rejected.key_bit + rejected.header + rejected.slot + rejected.stranger : 0,
    },
    recording: recordingView(facts, call, listed),
    media: facts.media,
    path: media.path,
    security: {
      code: listed ? (call?.code ?? null) : null,
      codeChanges: [...facts.codeChanges],
      organisation: facts.organisation,
      rootFingerprint: facts.rootFingerprint,
      link: call ? (call.link.secret !== null && call.link.state === 'none' ? 'proven' : call.link.state) : 'none',
      receiptAvailable: roster !== null,
    },
    quality: qualityOf(facts.quality, media.state, facts.link),
    connectedAtMs: facts.connectedAt,
    heldUntilMs: facts.heldUntil,
    // Without a word of the server it is what this browser hears of the adviser: nothing.
    heldCause: facts.heldUntil === null ? 'lost' : facts.heldCause,
    problem: facts.problem,
    happenings: facts.happenings,
    ended: facts.ended,
  };
}

function phaseOf(facts: SessionFacts, call: SecureCall | null, acked: boolean, established: boolean): Phase {
  if (facts.ended) return 'ended';
  if (facts.stopped) return 'stopped';
  if (facts.heldUntil !== null || (facts.stewardSilent && !facts.silenceIsOurs)) return 'held';
  if (!call) return 'starting';
  if (call.selfIdx === null) return 'waiting';
  if (established) return 'connected';
  // Once connected, a change of keys or of people doesn't take the call away: `encryption` tells the details.
  if (facts.wasConnected && call.sendEpoch > 0) return 'connected';
  return call.sendEpoch > 0 && acked ? 'connecting' : 'admitted';
}

function slotState(track: MediaStreamTrack | null, muted: boolean, carrying: boolean): SlotState {
  if (!track) return 'none';
  if (muted) return 'off';
  return carrying ? 'on' : 'ready';
}

// A new MediaStream in each snapshot would make every <video> start anew.
const streams = new WeakMap<MediaStreamTrack, MediaStream>();
function streamOf(track: MediaStreamTrack | null): MediaStream | null {
  if (!track) return null;
  let stream = streams.get(track);
  if (!stream) streams.set(track, (stream = new MediaStream([track])));
  return stream;
}

function memberViews(facts: SessionFacts, call: SecureCall, media: MediaLink): MemberView[] {
  const roster = call.newest!.roster;
  const self = call.selfIdx!;
  const epoch = roster.epoch;
  const out: MemberView[] = roster.members.map((m) => {
    const person = facts.people.find((p) => p.ep === m.ep) ?? null;
    const own = m.idx === self;
    const slots = call.slotsOf(m.ep);
    return {
      idx: m.idx,
      ep: m.ep,
      role: roles[m.role] ?? 'guest',
      name: call.chain.hello(m.hello)?.body.name ?? '',
      self: own,
      steward: m.idx === roster.steward,
      knownBy: own ? 'self' : call.link.knows(m.sig, m.hello) ? 'link' : 'server',
      presence: person?.state === 'stopped' ? 'stopped' : person?.state === 'reconnecting' || (!person && facts.ownerOf.has(m.ep)) ? 'reconnecting' : person?.silent ? 'silent' : 'online',
      deciding: !own && call.deciding(m.idx),
      acknowledged: own || call.exchange.acknowledged(epoch, self, m.idx),
      active: (slots ?? []).map((slot) => slotNames[slot]),
      listening: slots !== null && slots.length === 0 && !call.heard(m.ep),
      heard: own || call.heard(m.ep),
      speaking: own ? media.selfSpeaking : media.speaking.has(m.idx),
      microphoneMuted: person ? !person.mic : null,
      cameraOff: person ? !person.camera : null,
      path: own ? media.path : (person?.path ?? 'pending'),
    };
  });
  if (roster.rec) {
    out.push({
      idx: recorderIdx,
      ep: null,
      role: 'recorder',
      name: call.chain.policy.policy.org,
      self: false,
      steward: false,
      knownBy: 'policy',
      presence: 'online',
      deciding: false,
      acknowledged: call.exchange.acknowledged(epoch, self, recorderIdx),
      active: [],
      listening: true,
      heard: true,
      speaking: false,
      microphoneMuted: null,
      cameraOff: null,
      path: 'up',
    });
  }
  return out;
}

function waitingView({ entry, hello, renews }: WaitingInput, call: SecureCall | null): WaitingView {
  return {
    ep: hello?.body.ep ?? '',
    participant: entry.participant,
    helloHash: hello?.hash ?? '',
    name: hello?.body.name ?? entry.name,
    role: hello ? (roles[hello.body.role] ?? 'guest') : 'customer',
    knownBy: hello && call?.link.knows(hello.body.sig, hello.hash) ? 'link' : 'server',
    sinceMs: entry.since,
    renews,
    undecided: hello !== null && (call?.leftUndecided(hello) ?? false),
    secondDevice: entry.second_device,
    awaySinceMs: entry.away_since,
  };
}

function sharingIdx(facts: SessionFacts, members: readonly MemberView[]): number | null {
  if (facts.sharing === null) return null;
  if (facts.sharing === facts.participant) return members.find((m) => m.self)?.idx ?? null;
  const ep = facts.people.find((p) => p.participant === facts.sharing)?.ep;
  return members.find((m) => m.ep === ep)?.idx ?? null;
}

/** 'on' stands on two facts: the server's durable header, and the recorder's own signed acknowledgement of all keys. */
function recordingView(facts: SessionFacts, call: SecureCall | null, listed: boolean): RecordingView {
  const roster = call?.newest?.roster ?? null;
  const policy = call?.chain.policy.type ?? null;
  const base = { policy: policy?.record ?? facts.meeting?.record ?? null, kinds: policy?.kinds ?? facts.meeting?.kinds ?? [] };
  const { state, since, reason } = facts.recorder;
  if (!listed || !roster || roster.mode === 'off') return { ...base, fact: 'off', reason: null, sinceMs: null };
  if (roster.mode === 'paused') return { ...base, fact: 'paused', reason: null, sinceMs: roster.t };
  if (state === 'stalled' || state === 'failed' || state === 'stopped') return { ...base, fact: 'stopped', reason, sinceMs: since };
  // The recorder runs, and nothing of anybody reaches it before it has everybody's keys.
  if (!facts.media.allowed && facts.media.reason === 'keys_missing') return { ...base, fact: 'starting', reason: 'keys_missing', sinceMs: null };
  const on = state === 'capturing' && (call?.recorderHasKeys() ?? false);
  return { ...base, fact: on ? 'on' : 'starting', reason: null, sinceMs: on ? since : null };
}

