import { http } from '../../lib/http.ts';
import type { DeviceCheck } from '../../lib/api_types.ts';

/** How fast the server answers, as a word. Five small requests; the middle one counts, so that one hiccup does not. */
export async function measureServer(now: () => number = () => performance.now()): Promise<DeviceCheck['network']> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = now();
    try {
      await http.json('GET', '/health', { timeoutMs: 3000 });
    } catch {
      if (round >= 1 && times.length === 0) return 'poor';
      continue;
    }
    times.push(now() - start);
  }
  const middle = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  if (middle === undefined) return 'unknown';
  return middle < 200 ? 'good' : middle < 600 ? 'fair' : 'poor';
}
