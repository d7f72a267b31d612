/** The table of ceremonies at a participant, handed to the machine by `createAgent.ts`. A new kind has a line here. */
import type { Ceremonies } from './ceremony.ts';
import { DESTROY } from './destroy/ceremony.ts';
import { KEYGEN } from './keygen/ceremony.ts';
import { SIGN } from './sign/ceremony.ts';

/** One ceremony for each kind. */
export const CEREMONIES: Ceremonies = {
  keygen: KEYGEN,
  sign: SIGN,
  destroy: DESTROY,
};
