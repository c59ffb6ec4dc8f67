// Declining from the list: only a page that is in the meeting may refuse somebody, so this one goes in, says no, and leaves again.
// It makes no keys and opens no device; the person who waits is told, and nobody is let in.

import type { DeclineReason, WaitingEntry } from '../../protocol/index.ts';

const limitMs = 10_000;

interface Reply {
  type?: unknown;
  re?: unknown;
  text?: unknown;
}

/** What to send next after a message; null: nothing yet. Pure, so that the order is tested without a socket. */
export function nextStep(step: number, message: Reply): 'decline' | 'done' | 'refused' | null {
  if (message.type === 'refused') return 'refused';
  if (step === 1 && message.type === 'welcome') return 'decline';
  if (step === 2 && message.type === 'ok' && message.re === 2) return 'done';
  return null;
}

export function declineByEntering(csrf: string, person: WaitingEntry, reason: DeclineReason, url: string = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/call`): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let step = 0;
    const limit = setTimeout(() => socket.close(), limitMs);
    const send = (message: object): void => {
      step += 1;
      socket.send(JSON.stringify({ ...message, id: step }));
    };
    socket.addEventListener('open', () => {
      send({ type: 'enter', as: 'staff', csrf, meeting: person.meeting });
    });
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      let message: Reply;
      try {
        message = JSON.parse(String(event.data)) as Reply;
      } catch {
        return;
      }
      const next = nextStep(step, message);
      if (next === 'decline') send({ type: 'decline', participant: person.participant, reason });
      else if (next === 'done') {
        resolve();
        send({ type: 'leave' });
        socket.close(1000);
      } else if (next === 'refused') {
        reject(new Error(typeof message.text === 'string' ? message.text : 'refused'));
        socket.close(1000);
      }
    });
    socket.addEventListener('close', () => {
      clearTimeout(limit);
      reject(new Error('lost'));
    });
  });
}
