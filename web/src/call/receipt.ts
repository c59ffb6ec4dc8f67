// The receipt of a call (e2ee.md 10): which keys this browser accepted and for whom they were wrapped, in the signed bytes.
// It needs no server to be checked: Policy → Rosters → SenderKeys → Activated.

import type { Signed } from '../protocol';

export interface Receipt {
  version: 1;
  /** base64url of the organisation key's public point. */
  root: string;
  /** As people compare it: eight groups of four hex digits. */
  fingerprint: string;
  policy: Signed;
  hellos: Signed[];
  rosters: Signed[];
  senderKeys: Signed[];
  activated: Signed[];
}
