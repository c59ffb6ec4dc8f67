// What a session knows: told by the server, found out by this browser. view.ts makes the snapshot of it.

import type { HeldCause, MeetingFacts, Person, RecorderState, WelcomeFields } from '../protocol';
import type { SecureCall } from './secure_call';
import type { CodeChange, EndView, Happening, Link, MediaView, Problem, Role } from './state';
import type { FrameCounts } from './worker/protocol';

/** What the session has been told or has found out; changed in place by the session, read here. */
export interface SessionFacts {
  role: Role;
  link: Link;
  you: WelcomeFields['you'] | null;
  participant: string;
  meeting: MeetingFacts | null;
  organisation: string;
  root: string;
  /** Of an organisation key that was checked; '' before. */
  rootFingerprint: string;
  welcome: WelcomeFields | null;
  people: readonly Person[];
  /** Endpoint → participant, from all lists so far. */
  ownerOf: Map<string, string>;
  queuePlace: number | null;
  /** How long a place is kept, and since when this one is: the server's word, on this page's clock. */
  placeKeptMin: number | null;
  waitingSinceMs: number | null;
  adviser: 'unknown' | 'away' | 'here';
  sharing: string | null;
  recorder: { state: RecorderState; since: number; reason: string | null };
  media: MediaView;
  heldUntil: number | null;
  heldCause: HeldCause | null;
  quality: { lossUp: number; lossDown: number; rttMs: number } | null;
  counts: FrameCounts | null;
  problem: Problem | null;
  stopped: boolean;
  stewardSilent: boolean;
  /** Our own link is gone, or has only just come back. */
  silenceIsOurs: boolean;
  wasConnected: boolean;
  connectedAt: number | null;
  ended: EndView | null;
  codeChanges: CodeChange[];
  happenings: Happening[];
  happen(what: Happening['what'], name: string, atMs: number): void;
}

const happeningsKept = 20;

export function emptyFacts(role: Role): SessionFacts {
  let id = 0;
  return {
    role,
    link: 'online',
    you: null,
    participant: '',
    meeting: null,
    organisation: '',
    root: '',
    rootFingerprint: '',
    welcome: null,
    people: [],
    ownerOf: new Map(),
    queuePlace: null,
    placeKeptMin: null,
    waitingSinceMs: null,
    adviser: 'unknown',
    sharing: null,
    recorder: { state: 'none', since: 0, reason: null },
    media: { allowed: false, reason: 'not_admitted', endsAtMs: null },
    heldUntil: null,
    heldCause: null,
    quality: null,
    counts: null,
    problem: null,
    stopped: false,
    stewardSilent: false,
    silenceIsOurs: false,
    wasConnected: false,
    connectedAt: null,
    ended: null,
    codeChanges: [],
    happenings: [],
    happen(what, name, atMs) {
      this.happenings = [...this.happenings, { id: ++id, what, name, atMs }].slice(-happeningsKept);
    },
  };
}

interface MemberOf {
  ep: string;
  hello: string;
}

/** Who joined, left or reloaded, and that the code changed because of it. History from before we came changes nothing on our screen. */
export function noteRoster(facts: SessionFacts, call: SecureCall, members: readonly MemberOf[], before: readonly MemberOf[] | null, nowMs: number, gone: 'left' | 'dropped' = 'left'): void {
  const helloOf = (m: MemberOf) => call.chain.hello(m.hello)?.body;
  const lists = (list: readonly MemberOf[], ep: string | null | undefined): boolean => list.some((m) => m.ep === ep);
  if (!before || !lists(before, call.ep) || !lists(members, call.ep)) return;
  const renewed = new Set<string>();
  for (const m of members) {
    if (lists(before, m.ep)) continue;
    const hello = helloOf(m);
    const name = hello?.name ?? '';
    const reloaded = hello?.renews != null && lists(before, hello.renews);
    if (reloaded) renewed.add(hello.renews!);
    facts.codeChanges.push({ what: reloaded ? 'reloaded' : 'joined', name, atMs: nowMs });
    if (!reloaded) facts.happen('joined', name, nowMs);
  }
  for (const b of before) {
    if (lists(members, b.ep) || renewed.has(b.ep)) continue;
    const name = helloOf(b)?.name ?? '';
    facts.codeChanges.push({ what: gone, name, atMs: nowMs });
    facts.happen(gone, name, nowMs);
  }
}

/** The server's list of people: who reconnects, and who is back. */
export function notePeople(facts: SessionFacts, list: readonly Person[], nowMs: number): void {
  const before = facts.people;
  facts.people = list;
  for (const person of list) {
    if (person.ep) facts.ownerOf.set(person.ep, person.participant);
    const was = before.find((p) => p.participant === person.participant);
    if (person.participant === facts.participant || person.role === 'recorder') continue;
    if (was && !isLost(was) && isLost(person)) facts.happen('reconnecting', person.name, nowMs);
    if (was && isLost(was) && !isLost(person) && (person.state === 'connected' || person.state === 'admitted')) facts.happen('back', person.name, nowMs);
  }
}

function isLost(person: Person): boolean {
  return person.state === 'reconnecting' || (person.silent && person.state !== 'left' && person.state !== 'waiting');
}

/** By endpoint: is its person there? An endpoint that no list has named yet is taken to be. */
export function isPresent(facts: SessionFacts, ep: string): boolean {
  const person = facts.people.find((p) => p.ep === ep);
  if (!person) return !facts.ownerOf.has(ep);
  return person.state !== 'reconnecting' && person.state !== 'left';
}

/** A member whose person has left. A reloaded page is the same participant with another endpoint: it comes back by renewing. */
export function hasLeft(facts: SessionFacts, ep: string): boolean {
  const owner = facts.ownerOf.get(ep);
  const person = facts.people.find((p) => p.participant === owner);
  return owner !== undefined && (!person || person.state === 'left');
}

/** Who shares the screen now. True: it was us, and is no longer. */
export function noteShare(facts: SessionFacts, participant: string | null, nowMs: number): boolean {
  const before = facts.sharing;
  facts.sharing = participant;
  const nameOf = (id: string): string => facts.people.find((p) => p.participant === id)?.name ?? '';
  if (participant && participant !== before) facts.happen('share_started', nameOf(participant), nowMs);
  if (!participant && before) facts.happen('share_stopped', nameOf(before), nowMs);
  return before === facts.participant && participant !== before;
}
