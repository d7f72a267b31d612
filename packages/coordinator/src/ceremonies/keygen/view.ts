/** A key generation shows only what every session shows. */
import type { View } from '../../session/ceremony.ts';
import type { KeygenState } from './state.ts';

export const view: View<KeygenState> = {
  digest: () => null,
  signature: () => null,
  notes: () => [],
  reason: async () => undefined,
};
