/** Looks up the parties of a session by their indexes. */
import type { SessionState } from './types.ts';

/** Whether an index belongs to a party. */
export function isParty({ parties }: SessionState, index: number): boolean {
  return parties.some((party) => party.index === index);
}

/** The indexes of all parties but one. */
export function othersOf({ parties }: SessionState, index: number): number[] {
  return parties.map((party) => party.index).filter((other) => other !== index);
}

/** The name of the party with this index. */
export function nameOf({ parties }: SessionState, index: number): string {
  return parties.find((party) => party.index === index)?.username ?? `party ${index}`;
}
