import {
  HolderError,
  readChipCounters,
  openShard,
  readSecretBytes,
  sealShard,
} from '@quorate/holder';
import { p256 } from '@noble/curves/nist.js';
import { parseOwner } from '../../../packages/holder/src/files/lockOwner.ts';
import {
  encodeFrame,
  encodeHeader,
  joinEntries,
} from '../../../packages/holder/src/journal/frames.ts';
import { readJournal } from '../../../packages/holder/src/journal/journal.ts';
import { OWN, type Parser, REFUSED } from '../support/parsers.ts';
import { fileOf } from './files.ts';

const throws = [HolderError];
const secret = new Uint8Array(32).fill(7);
const chipKey = p256.getPublicKey(secret, false);
const identity = {
  publicKey: chipKey.slice(0, 33),
  address: new Uint8Array(20),
  partIndex: 1,
  epoch: 0,
  recordId: secret,
};
const sealed = sealShard(secret, identity);
const journal = {
  name: 'test',
  version: 1,
  encode: (entry: string) => Buffer.from(entry),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};
const { header, id } = encodeHeader(journal);

/** Of @quorate/holder. */
export const HOLDER: readonly Parser[] = [
  {
    kind: 'text',
    name: 'the counters of chips',
    covers: ['holder/src/chip/counters.ts#readChipCounters', 'holder/src/chip/counters.ts'],
    throws,
    mayTake: OWN,
    valid: JSON.stringify({
      format: 'quorate-chips/v1',
      counters: { [Buffer.from(chipKey).toString('hex')]: 1 },
    }),
    parse: (text) => readChipCounters(fileOf('chips.json', text)),
  },
  {
    kind: 'bytes',
    name: 'a journal',
    covers: [
      'holder/src/journal/journal.ts#readJournal',
      'holder/src/journal/frames.ts#decodeHeader',
      'holder/src/journal/frames.ts#decodeFrames',
    ],
    throws,
    // The last frame may be torn, and then it never was.
    mayTake: OWN,
    valid: Buffer.concat([
      header,
      encodeFrame(id, header.length, [joinEntries([Buffer.from('a'), Buffer.from('b')])]),
    ]),
    parse: (bytes) => {
      const entries: string[] = [];
      const state = { apply: (entry: string) => entries.push(entry), snapshot: () => entries };
      readJournal(fileOf('journal', bytes), journal, state);
      return entries;
    },
  },
  {
    kind: 'text',
    name: 'a lock file',
    covers: ['holder/src/files/lockOwner.ts#parseOwner', 'holder/src/files/lockOwner.ts'],
    throws,
    mayTake: OWN,
    valid: JSON.stringify({ pid: 1, boot: null, namespace: null, started: null, host: null }),
    parse: (text) => parseOwner(text) ?? REFUSED,
  },
  {
    kind: 'bytes',
    name: 'a file of a secret',
    covers: ['holder/src/files/secretFile.ts#readSecretBytes'],
    throws,
    mayTake: OWN,
    valid: Buffer.from('\ufeff1234\n'),
    parse: (bytes) => readSecretBytes(fileOf('pin', bytes)),
  },
  {
    kind: 'bytes',
    name: 'an encrypted shard',
    covers: ['holder/src/protocol/shard.ts'],
    throws,
    valid: sealed.encryptedShard,
    parse: (bytes) => openShard(bytes, sealed.opener, identity),
  },
];
