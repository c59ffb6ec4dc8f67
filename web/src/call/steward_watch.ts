// Is the steward still there? Its browser signs a Progress every 10 s; 30 s without a new signature of it and this browser
// stops sending (e2ee.md 4.7). The server can't stand in: repeated messages don't count.

import { base64url, fromBase64urlOf } from './bytes';

export const stewardSilentMs = 30_000;

export class StewardWatch {
  private seenMs_: number | null = null;
  private silent_ = false;
  private readonly proofs_ = new Set<string>();

  constructor(private readonly onSilent_: (silent: boolean) => void) {}

  /** A verified message of the present steward. `signature`: its r tells new from repeated; s alone could be negated. */
  signed(signature: string, nowMs: number): void {
    const bytes = fromBase64urlOf(signature, 64);
    if (!bytes) return;
    const proof = base64url(bytes.subarray(0, 32));
    if (this.proofs_.has(proof)) return;
    this.proofs_.add(proof);
    this.seenMs_ = nowMs;
    if (!this.silent_) return;
    this.silent_ = false;
    this.onSilent_(false);
  }

  check(nowMs: number): void {
    if (this.silent_ || this.seenMs_ === null || nowMs - this.seenMs_ <= stewardSilentMs) return;
    this.silent_ = true;
    this.onSilent_(true);
  }
}
