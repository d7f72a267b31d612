/** Generating a key (docs/spec/wire.md §5): all participants make it together, or nobody gets one. */
import type { Ceremony } from '../../session/ceremony.ts';
import { rules } from './rules.ts';
import type { KeygenState } from './state.ts';
import { view } from './view.ts';
import { words } from './words.ts';
import { work } from './work.ts';

export const KEYGEN: Ceremony<'keygen', KeygenState> = { rules, words, work, view };
