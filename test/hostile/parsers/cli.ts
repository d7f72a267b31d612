import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { signRoster } from '@quorate/intent';
import { InvalidArgumentError } from 'commander';
import {
  parseNames,
  parseSessionKey,
  parseText,
  parseWait,
} from '../../../packages/cli/src/ceremonies/options.ts';
import { parsePort } from '../../../packages/cli/src/commands/dev.ts';
import { parseAccount } from '../../../packages/cli/src/commands/verify.ts';
import { CliError } from '../../../packages/cli/src/errors.ts';
import { main } from '../../../packages/cli/src/main.ts';
import {
  decodeAuthorisation,
  decodeRequest,
  encodeRequest,
} from '../../../packages/cli/src/operations/unblocking.ts';
import { parseRoute } from '../../../packages/console/src/route.ts';
import { parseHexOf, readSubject } from '../../../packages/cli/src/payload.ts';
import { readLogin } from '../../../packages/cli/src/remote/session.ts';
import { readSecretFile } from '../../../packages/cli/src/secrets.ts';
import { parseLogLevel } from '../../../packages/cli/src/terminal/log.ts';
import { Recorder } from '../../../packages/cli/test/support/recorder.ts';
import {
  BEGINNINGS,
  NONE,
  OWN,
  type Parser,
  REFUSED,
  type TextParser,
} from '../support/parsers.ts';
import { fileOf } from './files.ts';

const throws = [CliError, InvalidArgumentError];
const secret = new Uint8Array(32).fill(7);
const address = '0x52908400098527886E0F7030069857D2E4169EE7';

/** Runs a command that reads a file; what it says on the terminal is of no interest here. */
async function ran(...args: string[]): Promise<unknown> {
  const [stdout, stderr] = [new Recorder(), new Recorder()];
  const exit = await main(args, { stdout, stderr, environment: {} });
  if (exit === 1) throw new Error(`nobody foresaw: ${stderr.text.slice(0, 300)}`);
  return exit === 0 || REFUSED;
}

const file = (
  name: string,
  covers: string[],
  valid: unknown,
  parse: (path: string) => unknown,
): TextParser => ({
  kind: 'text',
  name,
  covers,
  throws,
  valid: JSON.stringify(valid),
  parse: (text) => parse(fileOf('input.json', text)),
});

const word = (
  name: string,
  covers: string[],
  valid: string,
  parse: (text: string) => unknown,
): TextParser => ({
  kind: 'text',
  name,
  covers,
  throws,
  mayTake: BEGINNINGS,
  valid,
  parse,
});

const roster = signRoster(
  {
    serial: 1,
    issuedAt: 1,
    entries: [{ username: 'alice', chipPublicKey: p256.getPublicKey(secret, false) }],
  },
  secret,
);
const rosterKey = Buffer.from(ed25519.getPublicKey(secret)).toString('hex');
const { public_key: _key, signature: _signature, ...unsigned } = roster;

/** The fragment of the console's page; whatever is no view shows the first one. */
const route: Parser = {
  kind: 'text',
  name: 'the fragment of the page',
  covers: ['console/src/route.ts#parseRoute'],
  throws: [],
  mayTake: OWN,
  valid: '#/keys/a%20b',
  parse: parseRoute,
};

/** Of the command line and the console. */
export const CLI: readonly Parser[] = [
  file(
    'a transaction file',
    ['cli/src/payload.ts#readSubject', 'cli/src/files.ts#readJson', 'cli/src/files.ts#readText'],
    { kind: 'eip191', message: 'hello' },
    (path) => readSubject({ transaction: path }),
  ),
  file('a roster that is shown', ['cli/src/commands/roster.ts'], roster, (path) =>
    ran('roster', 'show', path, '--public-key', rosterKey),
  ),
  file(
    'a draft of a roster',
    ['cli/src/commands/roster.ts'],
    { ...unsigned, format: 'quorate-roster-draft/v1' },
    (path) => ran('roster', 'show', path),
  ),
  {
    ...file(
      'a login',
      ['cli/src/remote/session.ts#readLogin', 'cli/src/remote/session.ts'],
      {
        format: 'quorate-login/v1',
        url: 'https://quorate.example',
        username: 'alice',
        roles: ['admin'],
        access_token: 'a',
        refresh_token: 'r',
        expires_at: 1,
      },
      readLogin,
    ),
    mayTake: OWN,
  },
  {
    kind: 'bytes',
    name: 'a secret file',
    covers: ['cli/src/secrets.ts#readSecretFile'],
    throws,
    mayTake: OWN,
    valid: Buffer.from('1234\n'),
    parse: (bytes) => readSecretFile(fileOf('secret', bytes), 'PIN'),
  },
  route,
  {
    ...word(
      'a request to unblock a chip',
      ['cli/src/operations/unblocking.ts#decodeRequest'],
      encodeRequest({
        chip: secret.slice(0, 16),
        authority: secret.slice(0, 16),
        challenge: secret.slice(0, 16),
      }),
      decodeRequest,
    ),
    mayTake: NONE,
  },
  word(
    'an authorisation to unblock a chip',
    ['cli/src/operations/unblocking.ts#decodeAuthorisation'],
    Buffer.alloc(70, 7).toString('base64'),
    decodeAuthorisation,
  ),
  word('an account', ['cli/src/commands/verify.ts#parseAccount'], address, parseAccount),
  word('hex digits', ['cli/src/payload.ts#parseHexOf'], 'ab'.repeat(32), (text) =>
    parseHexOf(text, 32, 'digest'),
  ),
  word('--session-key', ['cli/src/ceremonies/options.ts#parseSessionKey'], 'k', parseSessionKey),
  word('--wait', ['cli/src/numbers.ts'], '60', parseWait),
  word('--participants', ['cli/src/ceremonies/options.ts#parseNames'], 'alice,bob', parseNames),
  word('--port', ['cli/src/numbers.ts'], '8080', parsePort),
  word('--log-level', ['cli/src/terminal/log.ts#parseLogLevel'], 'info', parseLogLevel),
  {
    ...word('--reason', ['cli/src/ceremonies/options.ts#parseText'], 'x', (text) =>
      parseText(text, 256),
    ),
    mayTake: OWN,
  },
];
