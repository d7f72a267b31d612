/**
 * Everything that an agent keeps between runs, behind one lock.
 */
import {
  type ChipCounters,
  HolderError,
  lockDirectory,
  makePrivateDirectory,
  openChipCounters,
  openPinRefusals,
  type PinRefusals,
  readSecretFile,
} from '@quorate/holder';
import { join } from 'node:path';
import { toHex } from '@quorate/intent';
import { openPins, type Pins } from '../roster/pins.ts';
import { type BanReserve, openBanReserve } from './banReserve.ts';
import { type EvidenceStore, openEvidence } from './evidence.ts';
import { type KeyRecords, openKeyRecords, RESERVE_FILE } from './keyRecords.ts';
import { type LinkState, openLinkState } from '../link/state.ts';
import { openSessionRecords, type SessionRecords } from './sessionRecords.ts';
import { openUsedSessions, type UsedSessions } from './usedSessions.ts';

/** Names inside an agent's directory. */
export const STATE_FILES = {
  localKey: 'local.key',
  pins: 'pins.json',
  link: 'link.json',
  chips: 'chips.json',
  refused: 'pin.refused',
  replacement: 'replacement.json',
  used: 'used-sessions.log',
  keys: 'keys',
  sessions: 'sessions',
  evidence: 'evidence',
} as const;

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
  close(): void;
}

/**
 * Opens the state of an agent's directory.
 * @throws HolderError `store/locked` when another process has it, `store/not-found` before `agent init`
 */
export function openState(directory: string): AgentState {
  makePrivateDirectory(directory);
  const localKey = readSecretFile(join(directory, STATE_FILES.localKey));
  if (localKey.length !== 32) throw new HolderError('store/tampered', 'local.key is not 32 bytes');
  const lock = lockDirectory(directory);
  try {
    const pins = openPins(join(directory, STATE_FILES.pins));
    const folder = join(directory, STATE_FILES.keys);
    makePrivateDirectory(folder);
    const reserve = openBanReserve(join(folder, RESERVE_FILE));
    const keys = openKeyRecords(folder, reserve);
    applyPins(keys, pins);
    const used = openUsedSessions(join(directory, STATE_FILES.used));
    return {
      directory,
      pins,
      keys,
      reserve,
      chips: openChipCounters(join(directory, STATE_FILES.chips)),
      refusals: openPinRefusals(join(directory, STATE_FILES.refused)),
      used,
      sessions: openSessionRecords(
        join(directory, STATE_FILES.sessions),
        localKey,
        (address) => keys.findByAddress(address)?.key_id,
      ),
      evidence: openEvidence(join(directory, STATE_FILES.evidence)),
      link: openLinkState(join(directory, STATE_FILES.link)),
      close: () => {
        used.close();
        reserve.close();
        localKey.fill(0);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
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
