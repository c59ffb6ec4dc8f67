// Measured figures → a class and its cause; the page puts it into words.

import type { Link, QualityView } from './state';

const lossFairPerMille = 20;
const lossPoorPerMille = 80;
const rttFairMs = 250;
const rttPoorMs = 500;

export function qualityOf(
  figures: { lossUp: number; lossDown: number; rttMs: number } | null,
  connection: RTCPeerConnectionState | null,
  link: Link,
): QualityView {
  if (link !== 'online' || connection === 'failed' || connection === 'disconnected') {
    return { level: 'poor', cause: 'no_packets', rttMs: null, lossPercent: null };
  }
  if (!figures) return { level: 'unknown', cause: 'none', rttMs: null, lossPercent: null };
  const loss = Math.max(figures.lossUp, figures.lossDown);
  const measured = { rttMs: figures.rttMs, lossPercent: Math.round(loss / 10) };
  if (loss >= lossPoorPerMille) return { level: 'poor', cause: 'loss', ...measured };
  if (figures.rttMs >= rttPoorMs) return { level: 'poor', cause: 'delay', ...measured };
  if (loss >= lossFairPerMille) return { level: 'fair', cause: 'loss', ...measured };
  if (figures.rttMs >= rttFairMs) return { level: 'fair', cause: 'delay', ...measured };
  return { level: 'good', cause: 'none', ...measured };
}
