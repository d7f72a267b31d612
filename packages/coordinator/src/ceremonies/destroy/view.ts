/** Shows why a destruction still waits for each holder. */
import type { View } from '../../session/ceremony.ts';
import type { DestroyState } from './state.ts';
import { whyWaiting } from './waits.ts';

export const view: View<DestroyState> = {
  digest: () => null,
  signature: () => null,
  notes: () => [],
  reason: whyWaiting,
};
