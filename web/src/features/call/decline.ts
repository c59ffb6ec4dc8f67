import type { DeclineReason } from '../../protocol/index.ts';

export type { DeclineReason };

/** Fixed: what is said to a customer is never typed in the hurry of the moment. */
export const declineReasons: readonly DeclineReason[] = ['not_now', 'wrong_person', 'unrecorded', 'closed'];
