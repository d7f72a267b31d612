/** Key records for tests that need no keyshare. */
import { NO_RELEASES } from '../../src/releases.ts';
import { type KeyRecord, type KeyRecords, openKeyRecords } from '../../src/store/keyRecords.ts';
import { makeRecordSeal } from '../../src/store/recordSeal.ts';
import type { StoreJournal } from '../../src/store/storeJournal.ts';
import { openJournalIn } from './journals.ts';

/** The seal of stores without a chip. */
const SEAL = makeRecordSeal(new Uint8Array(32));

/** Opens records under that seal. */
export const openRecords = (
  directory: string,
  journal: StoreJournal = openJournalIn(directory),
): KeyRecords => openKeyRecords(directory, SEAL, journal);

/** The key of the records. */
export const KEY = 'ab'.repeat(16);
/** Of both sides. */
export const identity = '04'.repeat(65);

/** A share that opens nothing. */
export const share = (epoch: number): KeyRecord['share'] => ({
  epoch,
  shard: '',
  record_id: `0${epoch}`.repeat(32),
  moduli: [],
});

/** A key of one side. */
export const recordOf = (index: 1 | 2, change: Partial<KeyRecord> = {}): KeyRecord => ({
  session_id: KEY,
  state: 'active',
  partner: index === 1 ? 'p2' : 'p1',
  partner_identity: identity,
  own_identity: identity,
  index,
  address: `0x${'11'.repeat(20)}`,
  public_key: '02'.repeat(33),
  key_id: '03'.repeat(32),
  paillier_bits: 2048,
  share: share(0),
  releases: NO_RELEASES,
  rolled_back: false,
  lock: { state: 'none', reopened: 0, session_id: null, at: null },
  next: null,
  created_at: 1,
  ...change,
});
