/**
 * A participant's new chip, from the holder's side; a further call resumes it (docs/spec/replace.md).
 */
import { Chip, type PinProvider, type SeeCounter } from '@quorate/holder';
import { toHex } from '@quorate/intent';
import type { Attempt, ChipAttachment, SecureElement } from '@quorate/secure-element';
import type { ReplacementAnswer } from '@quorate/wire';
import { loadAgentConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { type AgentState, openState } from '../records/state.ts';
import { isLabelOf, type KeyRecord } from '../records/keyRecord.ts';
import { openOwnChip } from '../chip/ownChip.ts';
import { adopt } from './adopt.ts';
import { checkChips, checkSameKeys, movingKeys } from './checks.ts';
import { deleteOld } from './deletion.ts';
import {
  type Journal,
  readJournal,
  removeJournal,
  upgradeJournal,
  writeJournal,
} from './journal.ts';
import { askForIt } from './request.ts';
import { type Chips, isProven, moveShard } from './moveShard.ts';
import type { ReplacementService } from './service.ts';
import { Work } from './work.ts';

/** A chip that opens on demand. */
export interface ReplaceChip extends Attempt {
  readonly attachment: ChipAttachment;
  open(): Promise<SecureElement>;
  readonly pin: PinProvider;
}

/** Options of {@link replaceChip}. */
export interface ReplaceOptions {
  /** The agent's directory; the agent must not run. */
  readonly directory: string;
  readonly service: ReplacementService;
  readonly old: ReplaceChip;
  readonly fresh: ReplaceChip & {
    /** Its name in the registry. */
    readonly seId: string;
    readonly label?: string | undefined;
    /** The new value of `pin_file` in the configuration. */
    readonly pinFile?: string | undefined;
  };
  readonly retire: 'destroyed' | 'disabled';
  readonly progress?: (event: ReplaceProgress) => void;
  /** milliseconds since 1970 */
  readonly now?: () => number;
}

/** News of a replacement under way. */
export interface ReplaceProgress {
  readonly step: 'requested' | 'sealed' | 'switched' | 'adopted' | 'deleted' | 'completed';
  readonly address?: string;
}

/**
 * Goes as far as it can: to the approval that it waits for, or to the end.
 *
 * @throws AgentError `replace/refused`, `store/locked` while the agent runs, `chip/rolled-back`
 */
export async function replaceChip(options: ReplaceOptions): Promise<ReplacementAnswer> {
  const { directory } = options;
  const state = openState(directory);
  try {
    const { username } = loadAgentConfig(directory);
    upgradeJournal(directory);
    const journal = readJournal(directory);
    if (journal !== undefined) checkSame(journal, options);
    if (journal?.phase === 'adopted') return await finish(options, state, username, journal);
    return await proceed(options, state, username, journal);
  } finally {
    state.close();
  }
}

/** Checks that the journal is of this new chip: it belongs to one. */
function checkSame(journal: Journal, { fresh, retire }: ReplaceOptions): void {
  if (journal.se_id === fresh.seId && journal.retire === retire) return;
  throw new AgentError(
    'replace/unfinished',
    `a replacement by ${journal.se_id} (then ${journal.retire}) is open here: finish or cancel it first`,
  );
}

async function proceed(
  options: ReplaceOptions,
  state: AgentState,
  username: string,
  begun: Journal | undefined,
): Promise<ReplacementAnswer> {
  const keys = movingKeys(state);
  const chips = await openChips(options, state, username, begun);
  try {
    await checkChips(chips, keys, async () => {
      if (begun !== undefined && begun.id !== null) return true;
      return (await options.service.open()) !== undefined;
    });
    const work = new Work(
      state,
      options.service,
      username,
      begun ?? writeJournal(state.directory, newJournal(options, chips)),
      options.now ?? Date.now,
    );
    const answer = await askForIt(work, chips, options.fresh.label);
    if (answer.state === 'cancelled') {
      removeJournal(state.directory);
      return answer;
    }
    if (answer.state === 'requested') {
      options.progress?.({ step: 'requested' });
      return answer;
    }
    if (answer.state === 'approved') await moveAll(work, chips, keys, options, answer);
    const switched = await work.service.find(work.id);
    checkSameKeys(keys, switched);
    adopt(work, keys);
    options.progress?.({ step: 'adopted' });
    return await deleteAll(work, chips.old, keys, options, switched);
  } finally {
    await chips.old.close();
    await chips.fresh.close();
  }
}

async function moveAll(
  work: Work,
  chips: Chips,
  keys: readonly KeyRecord[],
  { progress }: ReplaceOptions,
  answer: ReplacementAnswer,
): Promise<void> {
  checkSameKeys(keys, answer);
  for (const { address, state, sealed_hash } of answer.shards) {
    const key = keys.find((one) => isLabelOf(one, address));
    if (key === undefined) throw new TypeError('unreachable: a shard that was compared');
    if (state === 'sealed' && isProven(work, key.key_id, sealed_hash)) continue;
    await moveShard(work, chips, key);
    progress?.({ step: 'sealed', address });
  }
  await switchOver(work);
  progress?.({ step: 'switched' });
}

/** From here until the answer nobody on this side knows which chip is in use. */
async function switchOver(work: Work): Promise<void> {
  work.note({ phase: 'switching' });
  try {
    await work.service.switch(work.id);
  } catch (error) {
    const { state } = await work.service.find(work.id);
    if (state === 'approved') work.note({ phase: 'moving' });
    if (state === 'approved' || state === 'cancelled') throw error;
  }
}

async function openChips(
  { old, fresh }: ReplaceOptions,
  state: AgentState,
  username: string,
  begun: Journal | undefined,
): Promise<Chips> {
  const oldChip =
    begun?.phase === 'switching'
      ? await openChip(old, state)
      : await openOwnChip({ ...old, element: await old.open(), state, username });
  try {
    const freshChip = await openChip(fresh, state);
    const chips = { old: oldChip, fresh: freshChip };
    try {
      if (begun !== undefined) checkChipKeys(begun, chips);
      return chips;
    } catch (error) {
      await freshChip.close();
      throw error;
    }
  } catch (error) {
    await oldChip.close();
    throw error;
  }
}

/** @throws HolderError `chip/rolled-back` for an older copy of a chip that was seen before (E-1) */
async function openChip(chip: ReplaceChip, state: AgentState): Promise<Chip> {
  const element = await chip.open();
  try {
    const see: SeeCounter = (...seen) => state.chips.see(...seen);
    return await Chip.open(element, chip.pin, { see, lastTry: chip.lastTry });
  } catch (error) {
    await element.close();
    throw error;
  }
}

function checkChipKeys({ old_chip, new_chip }: Journal, { old, fresh }: Chips): void {
  const same =
    toHex(old.publicKey) === old_chip.public_key && toHex(fresh.publicKey) === new_chip.public_key;
  if (same) return;
  throw new AgentError('replace/refused', 'these are not the two chips of the open replacement');
}

function newJournal({ old, fresh, retire }: ReplaceOptions, chips: Chips): Journal {
  return {
    format: 'quorate-replacement/v2',
    phase: 'moving',
    id: null,
    se_id: fresh.seId,
    retire,
    old_chip: { attachment: old.attachment, public_key: toHex(chips.old.publicKey) },
    new_chip: { attachment: fresh.attachment, public_key: toHex(chips.fresh.publicKey) },
    new_pin_file: fresh.pinFile ?? null,
    shards: {},
  };
}

/** Deletes the remaining records on the old chip; the agent may have run with the new one in between. */
async function finish(
  options: ReplaceOptions,
  state: AgentState,
  username: string,
  journal: Journal,
): Promise<ReplacementAnswer> {
  const work = new Work(state, options.service, username, journal, options.now ?? Date.now);
  const answer = await work.service.find(work.id);
  if (answer.state === 'completed') {
    removeJournal(state.directory);
    return answer;
  }
  const old = await openChip(options.old, state);
  try {
    if (toHex(old.publicKey) !== journal.old_chip.public_key) {
      throw new AgentError('replace/refused', 'this is not the old chip of the open replacement');
    }
    return await deleteAll(work, old, state.keys.list(), options, answer);
  } finally {
    await old.close();
  }
}

async function deleteAll(
  work: Work,
  old: Chip,
  keys: readonly KeyRecord[],
  { progress }: ReplaceOptions,
  answer: ReplacementAnswer,
): Promise<ReplacementAnswer> {
  for (const { address, state } of answer.shards) {
    if (state === 'deleted') continue;
    const key = keys.find((one) => isLabelOf(one, address));
    if (key === undefined) {
      throw new AgentError('replace/refused', `this agent does not know ${address} any more`);
    }
    await deleteOld(work, old, key);
    progress?.({ step: 'deleted', address });
  }
  const end = await work.service.find(work.id);
  if (end.state === 'completed') {
    removeJournal(work.state.directory);
    progress?.({ step: 'completed' });
  }
  return end;
}
