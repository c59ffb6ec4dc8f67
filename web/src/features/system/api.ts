import type { Http } from '../../lib/http.ts';
import type { Status } from '../../lib/api_types.ts';

export function getStatus(http: Http): Promise<Status> {
  return http.json<Status>('GET', '/status');
}
