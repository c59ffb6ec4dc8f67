import type { User } from '../../lib/api_types.ts';

export type PageName = 'today' | 'waiting' | 'meetings' | 'recordings' | 'audit' | 'types' | 'system';

/** The pages of a role, in the order of the rail. The server decides each act; this only spares people what it would refuse. */
export function pagesFor(role: User['role'], may: (action: string) => boolean): PageName[] {
  const pages: [PageName, boolean][] = [
    ['today', may('meeting.start')],
    ['waiting', may('meeting.start')],
    ['meetings', may('meeting.read')],
    ['recordings', may('recording.list')],
    ['audit', may('audit.verify')],
    ['types', may('type.read')],
    ['system', may('status.read') && role === 'administrator'],
  ];
  return pages.flatMap(([page, allowed]) => (allowed ? [page] : []));
}

/** The page that answers the question of the role. */
export function startPage(role: User['role']): PageName {
  return role === 'agent' ? 'today' : role === 'compliance' ? 'meetings' : 'system';
}
