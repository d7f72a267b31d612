/**
 * Everything that an agent keeps between runs, behind one lock.
 */
import {
  type ChipCounters,
  createChipCounters,
  type Disk,
  HolderError,
  type JournalNews,
  lockDirectory,
  makePrivateDirectory,
  openPinRefusals,
  type PinRefusals,
  readSecretFile,
} from '@quorate/holder';
import { join } from 'node:path';
import { toHex } from '@quorate/intent';
import { openPins, type Pins } from '../roster/pins.ts';
import { openAgentJournal } from './agentJournal.ts';
import { type BanReserve, openBanReserve } from './banReserve.ts';
import { type EvidenceStore, openEvidence } from './evidence.ts';
import { type KeyRecords, openKeyRecords } from './keyRecords.ts';
import { type LinkState, openLinkState } from '../link/state.ts';
import { RESERVE_FILE, STATE_FILES } from './names.ts';
import { openSessionRecords, type SessionRecords } from './sessionRecords.ts';
import type { UsedSessions } from './usedSessions.ts';

/** The open state of one agent. */
export interface AgentState {
  readonly directory: string;
  readonly pins: Pins;
  readonly keys: KeyRecords;
  /** Room for bans on a full disk. */
  readonly reserve: BanReserve;
  readonly chips: ChipCounters;
  readonly refusals: PinRefusals;
  readonly used: UsedSessions;
  readonly sessions: SessionRecords;
  readonly evidence: EvidenceStore;
  readonly link: LinkState;
  /** Hears that the journal takes nothing more: every key is stopped. */
  onFailed(listener: () => void): void;
  close(): void;
}

/** The surroundings of an agent's journal. */
export interface StateOptions {
  /** Hears what people should know of it. */
  readonly tell?: (news: JournalNews) => void;
  /** This machine's by default. */
  readonly disk?: Disk;
}

/**
 * Opens the state of an agent's directory.
 * @throws HolderError `store/locked` when another process has it, `store/not-found` before `agent init`
 */
export function openState(directory: string, options: StateOptions = {}): AgentState {
  makePrivateDirectory(directory);
  const localKey = readSecretFile(join(directory, STATE_FILES.localKey));
  if (localKey.length !== 32) throw new HolderError('store/tampered', 'local.key is not 32 bytes');
  const lock = lockDirectory(directory);
  try {
    return openLocked(directory, localKey, options, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openLocked(
  directory: string,
  localKey: Buffer,
  { tell, disk }: StateOptions,
  release: () => void,
): AgentState {
  const pins = openPins(join(directory, STATE_FILES.pins));
  let onFailed = (): void => undefined;
  const hear = (news: JournalNews): void => {
    tell?.(news);
    if (news.news === 'failed') onFailed();
  };
  const opened = openAgentJournal(directory, { tell: hear, disk });
  const { journal, state } = opened;
  try {
    const reserve = openBanReserve(join(directory, STATE_FILES.keys, RESERVE_FILE));
    const keys = openKeyRecords(opened, reserve);
    applyPins(keys, pins);
    const keyIdOf = (address: string): string | undefined => keys.findByAddress(address)?.key_id;
    return {
      directory,
      pins,
      keys,
      reserve,
      chips: createChipCounters({
        of: (chip) => state.counterOf(chip),
        keep: (key, counter) => journal.appendSync({ type: 'chip', key, counter }),
      }),
      refusals: openPinRefusals(join(directory, STATE_FILES.refused)),
      used: {
        find: (sessionKey) => state.usedAs(sessionKey),
        latest: (count) => state.latestUsed(count),
      },
      sessions: openSessionRecords(opened, localKey, keyIdOf),
      evidence: openEvidence(join(directory, STATE_FILES.evidence)),
      link: openLinkState(join(directory, STATE_FILES.link), () => journal.flushSync()),
      onFailed: (listener) => {
        onFailed = listener;
      },
      close: () => {
        journal.close();
        reserve.close();
        localKey.fill(0);
        release();
      },
    };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/**
 * Carries a roster's chip keys into the pins of the keys. Every opening does it, so that it repairs a crash
 * between the roster and the last key record.
 */
export function applyPins(keys: KeyRecords, pins: Pins): void {
  const rostered = new Map(
    pins
      .list()
      .filter((pin) => pin.source === 'roster')
      .map((pin) => [pin.username, toHex(pin.chipPublicKey)]),
  );
  for (const record of keys.list()) {
    const holders = record.holders.map((holder) => ({
      ...holder,
      chip_public_key: rostered.get(holder.username) ?? holder.chip_public_key,
    }));
    const changed = holders.some(
      (holder, i) => holder.chip_public_key !== record.holders[i]?.chip_public_key,
    );
    if (changed) keys.update(record.key_id, (current) => ({ ...current, holders }));
  }
}
