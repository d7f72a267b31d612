// Writes an agent's folder with the build of version 0.1.0, before keys were named by their id, and prints its
// files as JSON: node scripts/formerAgentFolder.mjs PACKAGES_OF_THAT_VERSION >packages/agent/test/records/former/agent-0.1.0.json
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const [, , packages] = process.argv;
const agent = (file) => import(join(packages, 'agent', 'dist', file));
const { initAgent } = await agent('init.js');
const { openState } = await agent('state/index.js');
const { writeJournal } = await agent('replace/journal.js');

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
const ban = (part_index, session_key, at) => ({
  part_index,
  session_key,
  reason: 'invalid-proof',
  at,
});
const key = (digit, address, change = {}) => ({
  format: 'quorate-key/v2',
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
  ...change,
});
const ONE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const TWO = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
state.keys.add(key('1', ONE));
state.keys.ban(ONE, [ban(2, 's1', 1)]);
state.keys.add(key('2', TWO));
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
state.keys.update(TWO, (record) => ({ ...record, destruction }));
// A ban that the record of the second key did not take: the disk was full.
state.reserve.keep(TWO, [ban(2, 's2', 2)]);

const session = (session_key, change) => ({
  session_key,
  part_index: 1,
  state: 'completed',
  intent_hash: 'aa'.repeat(32),
  address: ONE,
  digest: null,
  signature: null,
  reason: null,
  settled: true,
  updated_at: 1,
  ...change,
});
for (const record of [
  session('k1', { kind: 'keygen' }),
  session('s1', { kind: 'sign', digest: 'bb'.repeat(32), state: 'running', settled: false }),
]) {
  state.sessions.write(record);
  state.used.add(record.session_key, record.part_index);
}
state.evidence.write({
  session_key: 's1',
  session_id: 'cc'.repeat(32),
  reason: 'invalid-proof',
  culprits: [2],
  round: 1,
  certificates: [],
  messages: [],
});
const attachment = { kind: 'virtual', file: 'chip.sealed', passphrase_file: 'chip-passphrase' };
writeJournal(directory, {
  format: 'quorate-replacement/v1',
  phase: 'moving',
  id: 'ab'.repeat(16),
  se_id: 'SE-2',
  retire: 'disabled',
  old_chip: { attachment, public_key: chip('1') },
  new_chip: { attachment, public_key: chip('3') },
  new_pin_file: null,
  shards: {
    [ONE.toLowerCase()]: {
      encrypted_shard: Buffer.from('sealed').toString('base64'),
      releases: { confirmed: 1, outstanding: 0 },
      proven: true,
    },
  },
});
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
