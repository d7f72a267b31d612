/** The table of kinds: a new one is a folder beside these and a line here. */
import type { Ceremonies } from '../session/ceremony.ts';
import { DESTROY } from './destroy/index.ts';
import { KEYGEN } from './keygen/index.ts';
import { SIGN } from './sign/index.ts';

export const CEREMONIES: Ceremonies = {
  keygen: KEYGEN,
  sign: SIGN,
  destroy: DESTROY,
};
