// That somebody went on without the proof of the link's secret (e2ee.md 5): it holds for the call in which it was asked, in this
// tab. A reload of the page does not ask again, and another call, which may have another steward, does.

export interface AcceptedCall {
  holds(call: string): boolean;
  note(call: string): void;
}

const storageName = 'parlour.call.unproven';

/** Storage is an argument, so that tests can be several tabs. */
export function acceptedIn(storage: () => Pick<Storage, 'getItem' | 'setItem'>): AcceptedCall {
  let held = '';
  return {
    holds(call) {
      try {
        return call === (storage().getItem(storageName) ?? held);
      } catch {
        return call === held; // Blocked: for the page's life.
      }
    },
    note(call) {
      held = call;
      try {
        storage().setItem(storageName, call);
      } catch {
        // As above.
      }
    },
  };
}

export const acceptedOfTab: AcceptedCall = acceptedIn(() => sessionStorage);
