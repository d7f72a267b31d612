/** The consent to each kind of ceremony. A new kind has a line here. */
import { DESTROY_APPROVAL } from './destroy/approval.ts';
import { KEYGEN_APPROVAL } from './keygen/approval.ts';
import { SIGN_APPROVAL } from './sign/approval.ts';

/** One way of asking for consent for each kind. */
export const APPROVALS: {
  readonly keygen: typeof KEYGEN_APPROVAL;
  readonly destroy: typeof DESTROY_APPROVAL;
  readonly sign: typeof SIGN_APPROVAL;
} = {
  keygen: KEYGEN_APPROVAL,
  destroy: DESTROY_APPROVAL,
  sign: SIGN_APPROVAL,
};
