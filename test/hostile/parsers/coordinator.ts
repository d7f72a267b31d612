import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  auditVerify,
  ConfigError,
  KeyFileError,
  loadCoordinatorConfig,
} from '@quorate/coordinator';
import Fastify from 'fastify';
import { makeCertificatePem } from '../../support/certificate.ts';
import { canonicalJson } from '../../../packages/coordinator/src/audit/canonical.ts';
import { signCheckpoint } from '../../../packages/coordinator/src/audit/checkpoint.ts';
import {
  canonicalBody,
  entryHash,
  GENESIS,
} from '../../../packages/coordinator/src/audit/entry.ts';
import { publicKeyHex } from '../../../packages/coordinator/src/audit/checkpoint.ts';
import { readTls } from '../../../packages/coordinator/src/config/tls.ts';
import { HeadFile } from '../../../packages/coordinator/src/audit/headFile.ts';
import { loadOrCreateKey } from '../../../packages/coordinator/src/auth/keyFile.ts';
import { loadTokenKeys } from '../../../packages/coordinator/src/auth/tokenKeys.ts';
import { createTokenService } from '../../../packages/coordinator/src/auth/tokens.ts';
import { apiErrorOf, sendProblem } from '../../../packages/coordinator/src/rest/errors.ts';
import { addParser } from '../../../packages/coordinator/src/rest/parser.ts';
import { OWN, type Parser, REFUSED } from '../support/parsers.ts';
import { at, fileOf } from './files.ts';

const config: Parser = {
  kind: 'text',
  name: "a coordinator's configuration",
  covers: [
    'coordinator/src/config/settings.ts',
    'coordinator/src/config/load.ts',
    'coordinator/src/config/file.ts#readConfigFile',
  ],
  throws: [ConfigError],
  // Everything has a default.
  mayTake: /^(nothing|newlines|spaces|cut off after 0)$/,
  valid: JSON.stringify({
    data: 'data',
    listen: { host: '127.0.0.1', port: 8080 },
    tls: { certificate_file: 'c', key_file: 'k' },
    language: 'en',
    origins: ['https://quorate.example'],
    trusted_proxies: ['10.0.0.0/8'],
    deadlines: { invitation: 1, round: 1, session: 1 },
    tokens: { algorithm: 'EdDSA', jwks_file: 'j', jwks_issuer: 'i', jwks_audience: 'a' },
  }),
  parse: (text) => loadCoordinatorConfig({ file: fileOf('coordinator.yaml', text) }),
};

const publicKey = generateKeyPairSync('ed25519').publicKey;
const der = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
const jwks: Parser = {
  kind: 'text',
  name: 'the keys of another issuer',
  covers: ['coordinator/src/auth/tokenKeys.ts'],
  throws: [KeyFileError],
  valid: JSON.stringify({
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: der.toString('base64url'), kid: 'k', use: 'sig' }],
  }),
  parse: (text) =>
    loadTokenKeys({
      keyFile: at('token.pem'),
      jwks: { file: fileOf('jwks.json', text), issuer: 'i', audience: 'a' },
    }),
};

const key = loadOrCreateKey(at('audit.pem'), 'ed25519');
const body = {
  actor: 'alice',
  action: 'sign.request',
  subject: 'k',
  outcome: 'ok',
  details: { threshold: 2, participants: ['alice'], warned: false },
} as const;
const hash = entryHash(
  1,
  1,
  canonicalBody({ ...body, details: { ...body.details, participants: ['alice'] } }),
  GENESIS,
);
const entry = { seq: 1, at: 1, ...body, previous: GENESIS, hash };
const checkpoint = signCheckpoint(key, { seq: 1, at: 1, hash });
const lines = [
  { format: 'quorate-audit/v1', public_key: publicKeyHex(key) },
  { entry },
  { checkpoint },
];
const audit: Parser = {
  kind: 'text',
  name: 'an export of the audit log',
  covers: [
    'coordinator/src/audit/verify.ts',
    'coordinator/src/audit/entry.ts',
    'coordinator/src/audit/checkpoint.ts',
  ],
  throws: [],
  valid: `${lines.map((line) => canonicalJson(line as never)).join('\n')}\n`,
  parse: (text) => auditVerify(text).ok || REFUSED,
};

/** Each line of an export by itself, so that its fields are altered too. */
const auditLines = lines.map((line, number): Parser => {
  const others = lines.map((one) => canonicalJson(one as never));
  return {
    kind: 'text',
    name: `line ${number + 1} of an export of the audit log`,
    covers: [],
    throws: [],
    valid: canonicalJson(line as never),
    parse: (text) => auditVerify(`${others.with(number, text).join('\n')}\n`).ok || REFUSED,
  };
});

const app = Fastify({ bodyLimit: 2 * 1024 * 1024 });
addParser(app);
app.setErrorHandler((error, request, reply) =>
  sendProblem(reply, apiErrorOf(error, request), 'en'),
);
app.post('/', async () => 'taken');
const rest: Parser = {
  kind: 'text',
  name: 'the body of a REST request',
  covers: ['coordinator/src/rest/parser.ts'],
  throws: [],
  // Its fields are for the schemas: schemas.test.ts.
  mayTake: OWN,
  valid: '{"a":1}',
  parse: async (payload) => {
    const headers = { 'content-type': 'application/json' };
    const { statusCode } = await app.inject({ method: 'POST', url: '/', headers, payload });
    if (statusCode === 500) throw new Error('an answer that nobody foresaw');
    return statusCode === 200 || REFUSED;
  },
};

const tokens = createTokenService(
  await loadTokenKeys({ keyFile: at('own.pem') }),
  { read: async () => ({ refused: 'nobody' }) } as never,
  () => 1_000_000,
);
const user = { username: 'alice', roles: ['admin'], generation: 1 } as never;
const { token } = await tokens.issue(user, 900_000, 'login');
const bearer: Parser = {
  kind: 'text',
  name: 'a token',
  covers: ['coordinator/src/auth/tokens.ts', 'coordinator/src/auth/issuerTerms.ts'],
  throws: [],
  valid: token,
  parse: async (text) => {
    const verdict = await tokens.verify(text);
    return ('refused' in verdict && verdict.refused === 'nobody') || REFUSED;
  },
};

const headFile = new HeadFile(at('head.json'));
await headFile.write(checkpoint, publicKeyHex(key));
const head: Parser = {
  kind: 'text',
  name: 'the last checkpoint beside the database',
  covers: ['coordinator/src/audit/headFile.ts'],
  throws: [],
  // The same program wrote it, and its signature is what counts.
  mayTake: OWN,
  valid: readFileSync(at('head.json'), 'utf8'),
  parse: async (text) => {
    const { state } = await new HeadFile(fileOf('head-altered.json', text)).read();
    return state === 'kept' || REFUSED;
  },
};

const { certificate, key: tlsKey } = makeCertificatePem();
const tls: Parser = {
  kind: 'bytes',
  name: 'the certificate of a server',
  covers: ['coordinator/src/config/tls.ts#readTls'],
  throws: [ConfigError],
  // OpenSSL passes over what stands around the certificate; its signature is for clients to check.
  mayTake: /^(a byte too long|byte|cut off)/,
  valid: Buffer.from(certificate),
  parse: (bytes) =>
    readTls({
      certificate_file: fileOf('certificate.pem', bytes),
      key_file: fileOf('tls-key.pem', tlsKey),
    }),
};

/** The key of a server, which an operator may have copied from elsewhere. */
const pem: Parser = {
  kind: 'bytes',
  name: 'a private key in PEM',
  covers: ['coordinator/src/auth/keyFile.ts'],
  throws: [KeyFileError],
  // OpenSSL passes over what stands around the key.
  mayTake: /^(a byte too long|byte)/,
  valid: readFileSync(at('audit.pem')),
  parse: (bytes) => loadOrCreateKey(fileOf('key.pem', bytes), 'ed25519'),
};

/** Of the coordinator. */
export const COORDINATOR: readonly Parser[] = [
  config,
  jwks,
  audit,
  ...auditLines,
  rest,
  bearer,
  pem,
  tls,
  head,
];
