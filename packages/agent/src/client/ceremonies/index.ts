/**
 * The table of ceremonies that a client can ask for. A new kind is one file beside this one and its lines
 * here.
 */
import type { Kind } from '@quorate/wire';
import { destroy, type DestroyOutcome } from './destroy.ts';
import { keygen, type KeygenOutcome } from './keygen.ts';
import type { ClientCeremony } from './shape.ts';
import { sign, type SignOutcome } from './sign.ts';

interface Outcomes {
  readonly keygen: KeygenOutcome;
  readonly sign: SignOutcome;
  readonly destroy: DestroyOutcome;
}

/** A ceremony that succeeded, checked. */
export type OutcomeOf<K extends Kind> = Outcomes[K];

/** Every kind of ceremony as a client sees it. */
export const CLIENT_CEREMONIES: {
  readonly [K in Kind]: ClientCeremony<K, OutcomeOf<K>>;
} = { keygen, sign, destroy };
