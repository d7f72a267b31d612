/** The number of releases of unknown outcome that an agent believes (docs/spec/channel.md §6). */
import type { ReleasePolicy } from '@quorate/holder';

/** Group keys have no refresh that would give a share a new count: with eight the agent asks the chip no more. */
export const RELEASE_POLICY: ReleasePolicy = { bound: 8, over: 'refuse' };
