/** How many releases of unknown outcome an agent believes (docs/spec/channel.md §6). */
import type { ReleasePolicy } from '@quorate/holder';

/** Group keys have no refresh that would give a share a new count: with eight the chip is not asked any more. */
export const RELEASE_POLICY: ReleasePolicy = { bound: 8, over: 'refuse' };
