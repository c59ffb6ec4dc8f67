// What the secret of a link has proven in this call so far (e2ee.md 5). In the customer's browser: whether the steward has it,
// before which no key of his leaves; in the steward's: which customers have it. Pure but for WebCrypto. Thread: the page's.

import { roleNumber, type Hello, type Roster } from '../protocol';
import type { RosterEntry } from './chain';
import { customerProofHolds, stewardProofHolds } from './link_secret';
import type { Message } from './messages';

/** A customer waits so long for the adviser's proof before the page says that it is missing. */
export const linkProofWithinMs = 5000;

/** What a browser has of a link's secret. 'lost': the link has one, or may have one, and it is not here (any more). */
export type HeldSecret = CryptoKey | 'lost' | null;

/**
 * none      the link of this meeting has no secret, or this is a steward's browser
 * lost      it has one, and this browser can't check anything by it: the person decides
 * waiting   a Roster lists us, and its steward's proof is not here yet
 * overdue   nor is it after 5 s: the person decides
 * accepted  the person went on without it
 * proven    the steward of a Roster that lists us has shown that it holds the secret
 */
export type LinkState = 'none' | 'lost' | 'waiting' | 'overdue' | 'accepted' | 'proven';

export class LinkTrust {
  private state_: LinkState;
  private readonly secret_: CryptoKey | null;
  /** `sig` of the steward who has proven it. */
  private provenBy_ = '';
  /** Steward: by hash of a Hello, whether its proof holds. */
  private readonly hellos_ = new Map<string, boolean>();

  constructor(
    secret: HeldSecret,
    private readonly role_: number,
    /** The person has gone on without a proof before, in this call and tab. */
    accepted: boolean,
  ) {
    this.secret_ = secret === 'lost' ? null : secret;
    this.state_ = secret === null || role_ === roleNumber.agent ? 'none' : accepted ? 'accepted' : secret === 'lost' ? 'lost' : 'waiting';
  }

  get secret(): CryptoKey | null {
    return this.secret_;
  }

  get state(): LinkState {
    return this.state_;
  }

  /** No key leaves this browser before the proof, or the person's own act. */
  get holds(): boolean {
    return this.state_ === 'waiting' || this.state_ === 'overdue' || this.state_ === 'lost';
  }

  overdue(): boolean {
    if (this.state_ !== 'waiting') return false;
    this.state_ = 'overdue';
    return true;
  }

  accept(): void {
    if (this.holds) this.state_ = 'accepted';
  }

  /** Customer: a verified LinkProof of the steward of this Roster, to us. */
  async takeProof(mac: string, entry: RosterEntry): Promise<void> {
    if (this.secret_ === null || this.state_ === 'none' || !(await stewardProofHolds(this.secret_, entry.hash, mac))) return;
    this.state_ = 'proven';
    this.provenBy_ = stewardOf(entry.roster)?.sig ?? '';
  }

  /** Steward: the customer's proof, once for each Hello. */
  async judge(hello: Message<'Hello'>): Promise<'proven' | 'wrong' | 'none'> {
    if (this.secret_ === null || this.role_ !== roleNumber.agent || hello.body.cred.kind !== 'link') return 'none';
    const known = this.hellos_.get(hello.hash);
    const holds = known ?? (await customerProofHolds(this.secret_, hello.body));
    this.hellos_.set(hello.hash, holds);
    return holds ? 'proven' : 'wrong';
  }

  /** For the page: how this member is known. A customer's browser knows its steward, a steward's its customers. */
  knows(sig: string, helloHash: string): boolean {
    if (this.role_ === roleNumber.agent) return this.hellos_.get(helloHash) ?? false;
    return this.state_ === 'proven' && sig === this.provenBy_;
  }
}

/** Came by a link with a secret, so it waits for our proof or decides without. */
export function expectsProof(hello: Hello | undefined): boolean {
  return hello !== undefined && hello.role !== roleNumber.agent && hello.cred.kind === 'link';
}

export function stewardOf(roster: Roster) {
  return roster.members.find((m) => m.idx === roster.steward);
}
