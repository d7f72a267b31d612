/** Conditions of beginning a replacement, or going on with it (docs/spec/replace.md §3.1). */
import type { Chip } from '@quorate/holder';
import { equalBytes, toHex } from '@quorate/intent';
import type { ReplacementAnswer } from '@quorate/wire';
import { AgentError } from '../errors.ts';
import type { AgentState } from '../records/state.ts';
import { isLabelOf, type KeyRecord, labelOf } from '../records/keyRecord.ts';

/** Keys whose shard is on no chip any more. */
const GONE: ReadonlySet<string> = new Set(['destroyed']);

/** The keys whose shards move. @throws AgentError `replace/refused` for one that cannot */
export function movingKeys(state: AgentState): readonly KeyRecord[] {
  const keys = state.keys.list().filter((key) => !GONE.has(key.state));
  const other = keys.find((key) => key.state !== 'active' || state.keys.isStopped(key.key_id));
  if (other === undefined) return keys;
  const what: Readonly<Record<string, string>> = {
    pending: 'its key generation is not complete: run the agent until it is',
    orphaned: 'the agent has to delete its record: run it until it has',
    rolled_back:
      'somebody restored an older state, so it signs no more here: move the funds to a new key and destroy this one',
  };
  throw new AgentError(
    'replace/refused',
    `key ${other.address} is ${other.state}; ${what[other.state] ?? 'it cannot move now'}`,
  );
}

/** Checks that the coordinator and this agent mean the same shards, so that none stays behind on the old chip. */
export function checkSameKeys(keys: readonly KeyRecord[], answer: ReplacementAnswer): void {
  const left = new Set(keys);
  for (const { address, record_id } of answer.shards) {
    const key = keys.find((one) => isLabelOf(one, address));
    if (key?.record_id !== record_id || !left.delete(key)) {
      throw new AgentError('replace/refused', `this agent holds no such shard of ${address}`);
    }
  }
  const [unknown] = left;
  if (unknown === undefined) return;
  const message = `the coordinator does not know the shard of ${labelOf(unknown.address)}`;
  throw new AgentError('replace/refused', message);
}

/**
 * Two chips under one authority, and room in the new one.
 *
 * @param isBegun - whether records in the new chip may be those of this replacement already
 */
export async function checkChips(
  { old, fresh }: { readonly old: Chip; readonly fresh: Chip },
  keys: readonly KeyRecord[],
  isBegun: () => Promise<boolean>,
): Promise<void> {
  const refuse = (message: string): never => {
    throw new AgentError('replace/refused', message);
  };
  if (equalBytes(old.publicKey, fresh.publicKey)) refuse('the new chip is the old one');
  const [before, after] = [await old.info(), await fresh.info()];
  const own = before.authorisationKeyFingerprint;
  const other = after.authorisationKeyFingerprint;
  if (own === null || other === null || !equalBytes(own, other)) {
    const shown = (key: Uint8Array | null): string => (key === null ? 'none' : toHex(key));
    refuse(`the new chip obeys another authority: ${shown(other)}, not ${shown(own)}`);
  }
  const free = after.capacity - (after.used ?? 0);
  if (free < keys.length && (after.capacity < keys.length || !(await isBegun()))) {
    refuse(`the new chip has room for ${free} shards, and there are ${keys.length}`);
  }
}
