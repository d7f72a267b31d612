/** Signing with a key (docs/spec/wire.md §6): the first signature that verifies is the outcome. */
import type { Ceremony } from '../../session/ceremony.ts';
import { rules } from './rules.ts';
import type { SignState } from './state.ts';
import { view } from './view.ts';
import { words } from './words.ts';
import { work } from './work.ts';

export const SIGN: Ceremony<'sign', SignState> = { rules, words, work, view };
