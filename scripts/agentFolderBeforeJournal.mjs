// Writes an agent's folder with a build from before agents had a journal, and prints its files as JSON:
// node scripts/agentFolderBeforeJournal.mjs PACKAGES_OF_THAT_BUILD >packages/agent/test/records/former/before-journal.json
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const [, , packages] = process.argv;
const agent = (file) => import(join(packages, 'agent', 'dist', file));
const { initAgent } = await agent('init.js');
const { openState } = await agent('records/state.js');

const directory = join(mkdtempSync(join(tmpdir(), 'former-')), 'agent');
const url = 'ws://127.0.0.1:1/ws';
initAgent({ directory, url, username: 'alice', approval: 'auto', rosterKey: null });
const state = openState(directory);

const chip = (digit) => `04${digit.repeat(128)}`;
const holders = ['alice', 'bob'].map((username, at) => ({
  part_index: at + 1,
  username,
  chip_public_key: chip(String(at + 1)),
}));
const ban = (session_key, at) => ({ part_index: 2, session_key, reason: 'invalid-proof', at });
const key = (digit, address) => ({
  format: 'quorate-key/v3',
  algorithm: 'ecdsa-secp256k1',
  state: 'active',
  session_key: `k${digit}`,
  address,
  public_key: `02${digit.repeat(64)}`,
  key_id: digit.repeat(64),
  record_id: `${digit}f`.repeat(32),
  epoch: 0,
  threshold: 2,
  total_parts: 2,
  part_index: 1,
  holders,
  releases: { confirmed: 3, outstanding: 1 },
  bans: [],
});
const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
state.keys.add(key('1', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'));
state.keys.ban(one, [ban('s1', 1)]);
state.keys.add(key('2', '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'));
const destruction = {
  session_key: 'd2',
  reason: 'the office is closed',
  parties: [1, 2],
  holders,
  certificate: Buffer.alloc(241, 7).toString('base64'),
  challenge: Buffer.alloc(16, 8).toString('base64'),
  consented_at: 1,
  receipt: null,
  settled: false,
};
state.keys.update(two, (record) => ({ ...record, destruction }));
// A ban that the record of the second key did not take: the disk was full.
state.reserve.keep(two, [ban('s2', 2)]);
state.chips.see(Buffer.from(chip('1'), 'hex'), 41);

const session = (session_key, change) => ({
  session_key,
  part_index: 1,
  state: 'completed',
  intent_hash: 'aa'.repeat(32),
  key_id: one,
  reason: null,
  settled: true,
  updated_at: 1,
  ...change,
});
for (const record of [
  session('k1', { kind: 'keygen' }),
  session('s1', {
    kind: 'sign',
    digest: 'bb'.repeat(32),
    signature: null,
    state: 'running',
    settled: false,
  }),
]) {
  state.sessions.write(record);
  state.used.add(record.session_key, record.part_index);
}
// Its record was lost with the disk; the key is used all the same.
state.used.add('s0', 1);
state.close();

const files = readdirSync(directory, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'config.yaml')
  .map((entry) => join(entry.parentPath, entry.name));
const content = (file) => {
  const bytes = readFileSync(file);
  const text = bytes.toString('utf8');
  // The reserve is padded with spaces to its slots.
  if (file.endsWith('.reserve')) return { reserve: text.split('\n').map((line) => line.trim()) };
  return Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString('base64') };
};
const listed = files.toSorted().map((file) => [relative(directory, file), content(file)]);
console.log(JSON.stringify(Object.fromEntries(listed), null, 2));
rmSync(join(directory, '..'), { recursive: true });
