/** Destroying a key (docs/spec/destroy.md): once every holder has consented it can only wait, not fail. */
import type { Ceremony } from '../../session/ceremony.ts';
import { rules } from './rules.ts';
import type { DestroyState } from './state.ts';
import { view } from './view.ts';
import { words } from './words.ts';
import { work } from './work.ts';

export const DESTROY: Ceremony<'destroy', DestroyState> = { rules, words, work, view };
