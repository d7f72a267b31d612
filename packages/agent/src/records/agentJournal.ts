/** The journal of an agent: opened under its lock, or looked at. docs/spec/agent.md §2, docs/spec/journal.md. */
import {
  type Disk,
  HolderError,
  type JournalNews,
  makePrivateDirectory,
  openJournal,
  readJournal,
  storing,
} from '@quorate/holder';
import { join } from 'node:path';
import { readReservedBans, type ReservedBan } from './banReserve.ts';
import {
  formerEntries,
  noteJournal,
  refuseFormerVersions,
  refuseLostJournal,
  removeFormerFiles,
} from './formerFiles.ts';
import { AGENT_JOURNAL, type AgentEntry } from './journalEntries.ts';
import { type AgentJournal, AgentJournalState } from './journalState.ts';
import { isLabelOf } from './keyRecord.ts';
import { RESERVE_FILE, STATE_FILES } from './names.ts';

/** The part of an agent's state that a program may look at without its lock. */
export type AgentRecords = Pick<AgentJournalState, 'key' | 'keyByAddress' | 'keys' | 'counterOf'>;

/**
 * Opens the journal; of a directory of a former version it takes everything, and then removes the files. After a crash
 * at any point either the files count, or the journal that has all of them.
 * @throws HolderError `store/tampered`, `store/newer-version`, `store/failed`
 */
export function openAgentJournal(
  directory: string,
  options: { readonly tell: (news: JournalNews) => void; readonly disk: Disk | undefined },
): AgentJournal {
  makePrivateDirectory(join(directory, STATE_FILES.keys));
  refuseLostJournal(directory);
  refuseFormerVersions(directory);
  const state = new AgentJournalState();
  const path = join(directory, STATE_FILES.journal);
  const first = (): readonly AgentEntry[] => formerEntries(directory);
  const journal = openJournal({ path, kind: AGENT_JOURNAL, state, first, ...options });
  try {
    checkLabels(path, state);
    noteJournal(directory);
    storing(directory, () => removeFormerFiles(directory));
    return { journal, state };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/**
 * Looks at the records of an agent that may be running.
 * @throws HolderError `store/tampered`, `store/newer-version`
 */
export function readAgentRecords(directory: string): AgentRecords {
  const path = join(directory, STATE_FILES.journal);
  const state = new AgentJournalState();
  if (!readJournal(path, AGENT_JOURNAL, state)) {
    refuseLostJournal(directory);
    const former = formerEntries(directory);
    // An agent that starts meanwhile moves them all.
    if (!readJournal(path, AGENT_JOURNAL, state)) for (const one of former) state.apply(one);
  }
  for (const reserved of readReservedBans(join(directory, STATE_FILES.keys, RESERVE_FILE))) {
    const entry = reservedEntry(state, reserved);
    if (entry !== undefined) state.apply(entry);
  }
  checkLabels(path, state);
  return state;
}

/** The entry of a reserved ban; a former version named the key by its address. Undefined for a key that is gone. */
export function reservedEntry(
  state: AgentRecords,
  reserved: ReservedBan,
): Extract<AgentEntry, { type: 'bans' }> | undefined {
  const key =
    'key_id' in reserved ? state.key(reserved.key_id) : state.keyByAddress(reserved.address);
  return key && { type: 'bans', key_id: key.key_id, bans: [reserved.ban] };
}

/** Two keys under one address: a lookup would find either. */
function checkLabels(path: string, state: AgentRecords): void {
  const records = state.keys();
  for (const [at, record] of records.entries()) {
    if (!records.slice(0, at).some((other) => isLabelOf(other, record.address))) continue;
    const message = `two keys in ${path} have the address ${record.address}`;
    throw new HolderError('store/tampered', message);
  }
}
