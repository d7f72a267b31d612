/** Approves without a person and without rules. */
import { APPROVALS } from '../ceremonies/approvals.ts';
import type { Approve } from './request.ts';

/**
 * Approves without a person: for machines whose requests were approved elsewhere, and for development. Refuses
 * everything that nobody can undo unless the configuration says otherwise.
 */
export function approveAll({ destroy }: { readonly destroy: boolean }): Approve {
  return async ({ kind }) =>
    !APPROVALS[kind].irrevocable || destroy
      ? { accept: true }
      : { accept: false, reason: 'this agent does not destroy keys without a person' };
}
