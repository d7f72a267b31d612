/** The kernel's functions and its memory, whose first bytes are constants. AssemblyScript; docs/spec/ot.md, "The kernel". */
export { addInner, combine, foldLeaves, transpose, tweak } from './bits';
export { addSelected, checkRows, dot, loadWide, maskedDifferences, selectedSum } from './vectors';

import { WORK } from './vectors';

/** The end of the constants: from here on the memory is the caller's. */
export function base(): usize {
  return __heap_base;
}

/** Bytes of working memory, `work`. */
export function workBytes(): i32 {
  return WORK;
}
