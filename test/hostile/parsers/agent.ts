import { AgentError, parseAgentConfig, parseChipFile, parsePolicy } from '@quorate/agent';
import { readTokenCall } from '../../../packages/agent/src/approval/tokenCall.ts';
import { readJournal } from '../../../packages/agent/src/replacement/journal.ts';
import { openPins } from '../../../packages/agent/src/roster/pins.ts';
import { readReservedBans } from '../../../packages/agent/src/records/banReserve.ts';
import { openEvidence } from '../../../packages/agent/src/records/evidence.ts';
import {
  openAgentJournal,
  readAgentRecords,
} from '../../../packages/agent/src/records/agentJournal.ts';
import { readKeyFolder } from '../../../packages/agent/src/records/keyFolder.ts';
import { AGENT_JOURNAL } from '../../../packages/agent/src/records/journalEntries.ts';
import { AgentJournalState } from '../../../packages/agent/src/records/journalState.ts';
import { STATE_FILES } from '../../../packages/agent/src/records/names.ts';
import { openLinkState } from '../../../packages/agent/src/link/state.ts';
import { openSessionRecords } from '../../../packages/agent/src/records/sessionRecords.ts';
import { readUsedLog } from '../../../packages/agent/src/records/usedSessions.ts';
import { expiryOf } from '../../../packages/agent/src/link/token.ts';
import { HolderError } from '@quorate/holder';
import {
  encodeFrame,
  encodeHeader,
  joinEntries,
} from '../../../packages/holder/src/journal/frames.ts';
import { IntentError, signRoster } from '@quorate/intent';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { keyRecord } from '../../../packages/agent/test/support/keyRecord.ts';
import { BEGINNINGS, OWN, type Parser, REFUSED } from '../support/parsers.ts';
import { at, fileOf, folderOf } from './files.ts';

const throws = [AgentError, HolderError];
const secret = new Uint8Array(32).fill(7);
const chipKey = p256.getPublicKey(secret, false);
const publicKey = Buffer.from(chipKey).toString('hex');
const address = '0x52908400098527886E0F7030069857D2E4169EE7';
const write = (value: unknown): string => JSON.stringify(value);

const config = {
  url: 'wss://coordinator.example/ws',
  username: 'alice',
  se_id: 'SE-1',
  chip: { kind: 'pkcs11', module: '/lib/p11.so', token: 't', serial: '1', public_key: publicKey },
  pin_file: 'pin',
  token_file: 'token',
  approval: { policy: 'policy.yaml' },
  allow_destroy: true,
  ca_file: 'ca.pem',
  workers: 1,
};
const policy = {
  keygen: 'allow',
  destroy: 'refuse',
  sign: {
    kinds: ['eip1559', 'eip712'],
    chains: [1],
    addresses: [address],
    max_value: '1',
    max_fee: '1',
    max_token_amount: { [address]: '1' },
    allow_calldata_to: [address],
    typed_data: [{ contract: address, primary_type: 'Mail' }],
  },
};

const yaml: readonly Parser[] = [
  {
    kind: 'text',
    name: "an agent's configuration",
    covers: [
      'agent/src/config.ts#parseAgentConfig',
      'agent/src/config.ts',
      'holder/src/config/chipSchema.ts',
      'agent/src/yamlFile.ts#parseYaml',
      'holder/src/config/yamlDocument.ts#readYaml',
    ],
    throws,
    valid: write(config),
    parse: (text) => parseAgentConfig(text),
  },
  {
    kind: 'text',
    name: 'a file that names a chip',
    covers: ['agent/src/config.ts#parseChipFile'],
    throws,
    valid: write(config.chip),
    parse: (text) => parseChipFile(text, 'chip.yaml'),
  },
  {
    kind: 'text',
    name: "an agent's policy",
    covers: [
      'agent/src/approval/policy.ts#parsePolicy',
      'agent/src/approval/policy.ts',
      'agent/src/approval/rule.ts',
      'agent/src/ceremonies/sign/policy.ts',
    ],
    throws,
    valid: write(policy),
    parse: (text) => parsePolicy('policy.yaml', text),
  },
];

/** A roster that somebody hands to an agent whose pinned key signed it. */
const rosterFile: Parser = {
  kind: 'text',
  name: 'a roster file',
  covers: ['agent/src/roster/pins.ts'],
  throws,
  valid: write(
    signRoster(
      { serial: 1, issuedAt: 1, entries: [{ username: 'alice', chipPublicKey: chipKey }] },
      secret,
    ),
  ),
  parse: (text) => {
    const key = Buffer.from(ed25519.getPublicKey(secret)).toString('hex');
    const file = { format: 'quorate-pins/v1', roster_key: key, roster: null, confirmed: [] };
    return openPins(fileOf('roster-pins.json', write(file))).preview(text);
  },
};

/** Files that an agent wrote into its own directory. */
function state(
  name: string,
  covers: string[],
  valid: unknown,
  open: (text: string) => unknown,
): Parser {
  const text = typeof valid === 'string' ? valid : write(valid);
  return { kind: 'text', name, covers, throws, mayTake: OWN, valid: text, parse: open };
}

/** The journal of an agent with one entry in this text. */
function journalOf(text: string): string {
  const { header, id } = encodeHeader(AGENT_JOURNAL);
  const frame = encodeFrame(id, header.length, [joinEntries([Buffer.from(text)])]);
  fileOf(STATE_FILES.journal, Buffer.concat([header, frame]));
  return at();
}

const opened = openAgentJournal(folderOf('opened'), { tell: () => undefined, disk: undefined });
process.once('exit', () => opened.journal.close());

/** The sealed record of a session, as the journal holds it. */
function sessionRecord(): string {
  openSessionRecords(opened, secret, () => undefined).note({
    session_key: 'k',
    kind: 'sign',
    part_index: 1,
    state: 'completed',
    intent_hash: '',
    key_id: '22'.repeat(32),
    digest: 'bb'.repeat(32),
    signature: null,
    reason: null,
    settled: true,
    updated_at: 1,
  });
  return opened.state.session('k_1.json') ?? '';
}

const releases = { confirmed: 0, outstanding: 0 };
const journal = {
  format: 'quorate-replacement/v2',
  phase: 'moving',
  id: null,
  se_id: 'SE-1',
  retire: 'destroyed',
  old_chip: { attachment: config.chip, public_key: publicKey },
  new_chip: { attachment: config.chip, public_key: publicKey },
  new_pin_file: null,
  shards: { ['22'.repeat(32)]: { encrypted_shard: '', releases, proven: false } },
};
const ban = { part_index: 1, session_key: 'k', reason: 'r', at: 1 };

const states: readonly Parser[] = [
  state(
    'the pins of an agent',
    ['agent/src/roster/pins.ts'],
    { format: 'quorate-pins/v1', roster_key: null, roster: null, confirmed: [] },
    (text) => openPins(fileOf('pins.json', text)),
  ),
  state(
    'the journal of a replacement',
    ['agent/src/replacement/journal.ts#readJournal', 'agent/src/replacement/journal.ts'],
    journal,
    (text) => {
      fileOf(STATE_FILES.replacement, text);
      return readJournal(at());
    },
  ),
  state(
    'a key record of an agent',
    [
      'agent/src/records/keyRecord.ts#parseKeyRecord',
      'agent/src/records/keyRecord.ts',
      'agent/src/records/keyFolder.ts#readKeyFolder',
    ],
    keyRecord([chipKey, chipKey], ['alice', 'bob']),
    (text) => {
      const folder = folderOf('keys');
      fileOf(`keys/${'22'.repeat(32)}.json`, text);
      return readKeyFolder(folder);
    },
  ),
  state(
    'a session record of an agent',
    [
      'agent/src/records/sessionRecords.ts',
      'agent/src/records/commonRecord.ts',
      'agent/src/ceremonies/keygen/record.ts',
      'agent/src/ceremonies/sign/record.ts',
      'agent/src/ceremonies/destroy/record.ts',
    ],
    sessionRecord(),
    (text) => {
      const state = new AgentJournalState();
      state.apply({ type: 'session', name: 'k_1.json', sealed: text, over: true });
      const records = openSessionRecords({ ...opened, state }, secret, () => undefined);
      return records.read('k', 1) ?? REFUSED;
    },
  ),
  state(
    'the evidence of an agent',
    ['agent/src/records/evidence.ts'],
    { session_key: 'k' },
    (text) => {
      const folder = folderOf('evidence');
      fileOf('evidence/k.evidence.json', text);
      return openEvidence(folder).read('k');
    },
  ),
  state(
    'how far a link has come',
    ['agent/src/link/state.ts'],
    { stream: 'abcdefgh', seq: 1, cseq: 1 },
    (text) => openLinkState(fileOf('link.json', text)),
  ),
  state(
    'the reserve of bans',
    ['agent/src/records/banReserve.ts#readReservedBans', 'agent/src/records/banReserve.ts'],
    { address, ban },
    (text) => readReservedBans(fileOf('bans', text)),
  ),
  state(
    'the used session keys of a former version',
    ['agent/src/records/usedSessions.ts#readUsedLog'],
    'k 1\n',
    (text) => readUsedLog(fileOf('used', text)),
  ),
  state(
    'an entry of the journal of an agent',
    ['agent/src/records/agentJournal.ts#readAgentRecords', 'agent/src/records/journalEntries.ts'],
    { type: 'key', record: keyRecord([chipKey, chipKey], ['alice', 'bob']) },
    (text) => readAgentRecords(journalOf(text)).keys(),
  ),
  state('the token of an agent', ['agent/src/link/token.ts'], 'a.eyJleHAiOjF9.c', expiryOf),
];

/** Of @quorate/agent. */
export const AGENT: readonly Parser[] = [
  ...yaml,
  rosterFile,
  ...states,
  {
    kind: 'text',
    name: 'a call of a token',
    covers: ['agent/src/approval/tokenCall.ts#readTokenCall'],
    throws: [IntentError],
    // Of any other call nothing is said.
    mayTake: BEGINNINGS,
    valid: `0xa9059cbb${'00'.repeat(64)}`,
    parse: (text) => {
      const call = readTokenCall(text);
      return call === null || call === 'malformed' ? REFUSED : call;
    },
  },
];
