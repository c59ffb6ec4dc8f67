import { checkMediaPath, type PathCheck } from '../../call/index.ts';
import { http } from '../../lib/http.ts';
import type { DeviceCheck } from '../../lib/api_types.ts';

/** How fast the server answers, in milliseconds. Five small requests; the middle one counts, so that one hiccup does not. */
export async function serverMs(now: () => number = () => performance.now()): Promise<number | null> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = now();
    try {
      await http.json('GET', '/health', { timeoutMs: 3000 });
    } catch {
      if (round >= 1 && times.length === 0) return null;
      continue;
    }
    times.push(now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? null;
}

/** Good, fair and poor are said of a way that picture and sound have gone, and of no other. */
export function networkWord(path: PathCheck, answeredMs: number | null): DeviceCheck['network'] {
  if (path.state !== 'up') return path.state;
  const ms = path.rttMs ?? answeredMs;
  if (ms === null) return 'poor';
  return ms < 200 ? 'good' : ms < 600 ? 'fair' : 'poor';
}

export async function measureNetwork(as: 'staff' | 'guest'): Promise<DeviceCheck['network']> {
  const path = await checkMediaPath({ as, csrf: http.csrf ?? '' });
  return networkWord(path, path.state === 'up' && path.rttMs === null ? await serverMs() : null);
}
