/** Refuses chips that a request cannot count on. */
import type { Chip } from '../chips/index.ts';
import { type Refusal, refuse } from '../session/refusal.ts';

/** Refuses an inactive chip, and names it with its holder and its state. */
export function inactive(username: string, seId: string, chip: Chip | undefined): Refusal {
  const state = chip === undefined || chip.username !== username ? 'unknown' : chip.state;
  return refuse('chip_unavailable', `the chip ${seId} of ${username} is ${state}`);
}
