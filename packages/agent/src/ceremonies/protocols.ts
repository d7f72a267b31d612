/** The protocols of all kinds of ceremony that run one, for their thread. A new kind with rounds has a line here. */
import { KEYGEN_PROTOCOL } from './keygen/protocol.ts';
import { SIGN_PROTOCOL } from './sign/protocol.ts';

/** One protocol for each kind that has rounds. */
export const PROTOCOLS: {
  readonly keygen: typeof KEYGEN_PROTOCOL;
  readonly sign: typeof SIGN_PROTOCOL;
} = { keygen: KEYGEN_PROTOCOL, sign: SIGN_PROTOCOL };
