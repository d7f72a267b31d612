/** The one place that chooses how rows are computed: by the kernel where the engine runs it, else by the loops. */
import { instantiateKernel } from './kernel.ts';
import { loops } from './loops.ts';
import type { Rows } from './types.ts';

let chosen: Rows | undefined;

/** The operations on rows. Compiles the kernel at the first call. */
export function rows(): Rows {
  chosen ??= instantiateKernel() ?? loops;
  return chosen;
}
