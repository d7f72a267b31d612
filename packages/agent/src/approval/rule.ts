/** Rules that several kinds of ceremony share. */
import type { Approval } from '@quorate/holder';
import { z } from 'zod';

/** A rule that is all or nothing; without it the answer is no. */
export type AllowOrRefuse = 'allow' | 'refuse';

/** Reads such a rule. */
export const allowOrRefuse: z.ZodType<AllowOrRefuse> = z
  .enum(['allow', 'refuse'])
  .default('refuse');

/** Accepts if a fact holds, else refuses with a reason that everybody in the session hears. */
export function allowed(holds: boolean, reason: string): Approval {
  return holds ? { accept: true } : refuse(reason);
}

/** Refuses with a reason. */
export function refuse(reason: string): Approval {
  return { accept: false, reason };
}
