/**
 * Protocol threads that stand still keep a process from ending by itself.
 *
 * @module
 */
import { stuckThreads, type ThreadHealth } from '@quorate/holder';
import type { Stop } from './interrupt.ts';

/** Has the process end by force when a protocol thread could not be ended. */
export function tellStuck(stop: Stop, threads: readonly ThreadHealth[]): void {
  const stuck = stuckThreads(threads);
  if (stuck === 0) return;
  stop.left(`${stuck} protocol thread${stuck === 1 ? '' : 's'} could not be ended`);
}
