import { EventEmitter } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import { HolderError } from '@quorate/holder';
import { parseCosignerConfig, SetupError } from '@quorate/cosigner';
import { PeerAbort, PeerAck, PeerEnvelope, PeerHello, PeerInit, PeerSync } from '@quorate/wire';
import { type z, ZodError } from 'zod';
import { SignJWT } from 'jose';
import { CosignerError } from '../../../packages/cosigner/src/errors.ts';
import { readPrivateKey } from '../../../packages/cosigner/src/keys.ts';
import { readTls } from '../../../packages/cosigner/src/tls.ts';
import { tokenVerifier } from '../../../packages/cosigner/src/tokens.ts';
import { parseApprovalPolicy } from '../../../packages/cosigner/src/approvals.ts';
import { exportIdentity, readIdentity } from '../../../packages/cosigner/src/partner.ts';
import { Connection } from '../../../packages/cosigner/src/peer/connection.ts';
import { decodeMail, decodePartner } from '@quorate/two-party';
import { readKeyRecord, writeKeyRecord } from '../../../packages/cosigner/src/store/keyRecord.ts';
import { openModulusHistory } from '../../../packages/cosigner/src/store/moduli.ts';
import { releaseEntry } from '../../../packages/cosigner/src/store/releaseEntry.ts';
import { makeRecordSeal } from '../../../packages/cosigner/src/store/recordSeal.ts';
import { STORE_KIND } from '../../../packages/cosigner/src/store/entries.ts';
import { readSessionFile } from '../../../packages/cosigner/src/store/formerSessions.ts';
import { checkVersion, createVersion } from '../../../packages/cosigner/src/store/version.ts';
import { recordOf } from '../../../packages/cosigner/test/support/records.ts';
import { first } from '../support/samples.ts';
import type { Schema } from '../support/schemas.ts';
import { OWN, type Parser, REFUSED } from '../support/parsers.ts';
import { at, fileOf, folderOf } from './files.ts';

const throws = [SetupError, HolderError];
const secret = new Uint8Array(32).fill(7);
const seal = makeRecordSeal(secret);
const agreement = generateKeyPairSync('x25519');
const agreementKey = new Uint8Array(
  agreement.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
);
const identity = {
  name: 'mobile-app',
  role: 'mobile-app',
  identity: p256.getPublicKey(secret, false),
  agreement: agreementKey,
} as const;

const config = {
  listen: { host: '127.0.0.1', port: 8082 },
  capabilities: ['keygen', 'sign'],
  role: 'enterprise',
  name: 'enterprise',
  partners: ['mobile-app'],
  identity: { chip: { kind: 'pcsc', reader: 'r' } },
  partner_keys: { 'mobile-app': 'partner.json' },
  store: 'store',
  auth: { issuer: 'i', audience: 'a' },
  approval: { policy: 'policy.yaml' },
  paillier_bits: 2048,
};

const files: readonly Parser[] = [
  {
    kind: 'text',
    name: "a cosigner's configuration",
    covers: [
      'cosigner/src/config.ts#parseCosignerConfig',
      'cosigner/src/config.ts',
      'cosigner/src/configFile.ts#readYaml',
    ],
    throws,
    valid: JSON.stringify(config),
    parse: (text) => parseCosignerConfig(text),
  },
  {
    kind: 'text',
    name: "a cosigner's policy",
    covers: ['cosigner/src/approvals.ts#parseApprovalPolicy', 'cosigner/src/approvals.ts'],
    throws,
    valid: JSON.stringify({
      allow: [{ operation: 'sign', hash: ['eip191'], starts_with: 'pay', max_length: 9 }],
    }),
    parse: (text) => parseApprovalPolicy('policy.yaml', text, Date.now),
  },
  {
    kind: 'text',
    name: "a partner's key",
    covers: ['cosigner/src/partner.ts#readIdentity', 'cosigner/src/partner.ts'],
    throws,
    valid: exportIdentity(identity),
    parse: (text) => readIdentity(fileOf('partner.json', text)),
  },
];

/** A stranger's first frame: a hello to this end. */
const hello: PeerEnvelope = {
  ...(first(PeerEnvelope) as PeerEnvelope),
  type: 'session_sync',
  session_id: '',
  from: identity.name,
  to: 'enterprise',
  data: Buffer.from(
    JSON.stringify({ version: 1, ephemeral: Buffer.from(agreementKey).toString('hex') }),
  ).toString('base64'),
};

/** The end of a connection that somebody dialled; true when it went on to the sealed messages. */
function met(text: string): boolean {
  const socket = Object.assign(new EventEmitter(), {
    readyState: 1,
    OPEN: 1,
    sent: 0,
    send: () => {
      socket.sent += 1;
    },
    close: () => undefined,
    terminate: () => undefined,
    ping: () => undefined,
  });
  const nothing = (): void => undefined;
  const own = {
    name: 'enterprise',
    agreement: agreement.privateKey,
    partner: (name: string) => (name === identity.name ? identity : undefined),
    now: () => 0,
    handshakeMs: 10_000,
  };
  const events = { onReady: nothing, onMessage: nothing, onRefused: nothing, onClosed: nothing };
  new Connection(socket as never, own, events, undefined);
  socket.emit('message', Buffer.from(text), false);
  const { sent } = socket;
  socket.emit('close');
  return sent > 0;
}

const peers: readonly Parser[] = [
  {
    kind: 'text',
    name: "a stranger's first frame at a cosigner",
    covers: ['cosigner/src/peer/connection.ts', 'cosigner/src/json.ts#parsedJson'],
    throws: [],
    // Fields that the hello leaves unread may say anything of their form.
    mayTake: OWN,
    valid: JSON.stringify(hello),
    parse: (text) => met(text) || REFUSED,
  },
  ...Object.entries({ PeerHello, PeerInit, PeerAck, PeerAbort, PeerSync }).map(
    ([name, schema]): Parser => ({
      kind: 'text',
      name: `the plaintext ${name}`,
      covers: ['two-party/src/mail.ts#decodeMail'],
      throws: [],
      valid: JSON.stringify(first(schema as Schema)),
      parse: (text) => decodeMail(schema as z.ZodType, Buffer.from(text)) ?? REFUSED,
    }),
  ),
  {
    kind: 'text',
    name: 'a message of a session of two parties',
    covers: ['two-party/src/events.ts#decodePartner'],
    throws: [],
    valid: JSON.stringify(first(PeerInit as Schema)),
    parse: (text) => {
      const plaintext = Buffer.from(text);
      const event = decodePartner({
        type: 'two_party_sign_init',
        round: 0,
        plaintext,
        signature: '',
      });
      return event ?? REFUSED;
    },
  },
];

writeKeyRecord(at('key.json'), recordOf(1), seal, () => undefined);
createVersion(at('store.json'), 'enterprise', 'enterprise');
const session = {
  session_id: 'ab'.repeat(16),
  type: 'keygen',
  status: 'completed',
  step: null,
  partner: 'p',
  initiator: 'p',
  key_session_id: null,
  address: null,
  public_key: null,
  message: null,
  hash: null,
  digest: null,
  signature: null,
  error: null,
  created_at: 1,
  updated_at: 1,
};
const line = `abcd ${seal.modulus('', 'abcd')}\n`;

const authority: Parser = {
  kind: 'bytes',
  name: 'the certificate authority of a partner',
  covers: ['cosigner/src/tls.ts#readTls'],
  throws,
  valid: null,
  parse: (bytes) =>
    readTls({
      directory: folderOf('tls'),
      config: {
        ...parseCosignerConfig(JSON.stringify(config)),
        tls: { ca_file: fileOf('ca.pem', bytes) },
      },
    }),
};

const privateKey: Parser = {
  kind: 'bytes',
  name: 'a private key of a cosigner',
  covers: ['cosigner/src/keys.ts#readPrivateKey'],
  throws,
  // OpenSSL passes over what stands around the key.
  mayTake: /^(a byte too long|byte|cut off)/,
  valid: Buffer.from(agreement.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  parse: (bytes) => readPrivateKey(fileOf('private.pem', bytes)),
};

const keys = generateKeyPairSync('ed25519');
folderOf('store');
fileOf('store/auth.pub', keys.publicKey.export({ type: 'spki', format: 'pem' }));
const loaded = { directory: at(), config: parseCosignerConfig(JSON.stringify(config)) };
const claims = new SignJWT({ roles: ['viewer'] }).setProtectedHeader({ alg: 'EdDSA' });
const token = await claims
  .setSubject('alice')
  .setIssuer('i')
  .setAudience('a')
  .setExpirationTime('1h')
  .sign(keys.privateKey);
const verify = tokenVerifier(loaded);
const bearer: Parser = {
  kind: 'text',
  name: 'a token of a cosigner',
  covers: ['cosigner/src/tokens.ts'],
  throws: [CosignerError],
  valid: token,
  parse: verify,
};

const store: readonly Parser[] = [
  {
    kind: 'text',
    name: 'a key record of a cosigner',
    covers: ['cosigner/src/store/keyRecord.ts#readKeyRecord', 'cosigner/src/store/keyRecord.ts'],
    throws,
    valid: readFileSync(at('key.json'), 'utf8'),
    parse: (text) => readKeyRecord(fileOf('key-altered.json', text), seal),
  },
  {
    kind: 'text',
    name: 'a session record of a cosigner before version 4',
    covers: [
      'cosigner/src/store/formerSessions.ts',
      'cosigner/src/store/formerSessions.ts#readFormerSessions',
      'cosigner/src/store/formerSessions.ts#readSessionFile',
    ],
    throws,
    mayTake: OWN,
    valid: JSON.stringify({
      format: 'quorate-two-party-session/v2',
      session,
      caller: null,
      request_id: null,
      request: '',
    }),
    parse: (text) => readSessionFile(fileOf('session.json', text)),
  },
  {
    kind: 'text',
    name: "an entry of a cosigner's journal",
    covers: ['cosigner/src/store/entries.ts', 'cosigner/src/store/sessionRecord.ts'],
    throws: [ZodError],
    mayTake: OWN,
    valid: JSON.stringify({
      entry: 'session',
      record: { session, caller: null, request_id: null, request: '' },
    }),
    parse: (text) => STORE_KIND.decode(Buffer.from(text)),
  },
  {
    kind: 'text',
    name: "counts of releases in a cosigner's journal",
    covers: ['cosigner/src/store/releaseEntry.ts'],
    throws: [ZodError],
    mayTake: OWN,
    valid: JSON.stringify(
      releaseEntry(
        seal,
        { key: session.session_id, record: 'ab'.repeat(32) },
        { confirmed: 4, outstanding: 1 },
      ),
    ),
    parse: (text) => STORE_KIND.decode(Buffer.from(text)),
  },
  {
    kind: 'text',
    name: "the version of a cosigner's store",
    covers: ['cosigner/src/store/version.ts'],
    throws,
    mayTake: OWN,
    valid: readFileSync(at('store.json'), 'utf8'),
    parse: (text) => checkVersion(fileOf('version.json', text), 'enterprise', 'enterprise'),
  },
  {
    kind: 'text',
    name: 'the history of moduli',
    covers: ['cosigner/src/store/moduli.ts'],
    throws,
    mayTake: OWN,
    valid: line,
    parse: (text) => {
      fileOf('moduli.end', `1 ${seal.end(1, seal.modulus('', 'abcd'))}\n`);
      return openModulusHistory(fileOf('moduli.log', text), seal);
    },
  },
];

/** Of @quorate/cosigner. */
export const COSIGNER: readonly Parser[] = [
  ...files,
  ...peers,
  authority,
  privateKey,
  bearer,
  ...store,
];
