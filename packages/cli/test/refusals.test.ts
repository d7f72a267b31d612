// Mistakes of people, and the answers of the command line: no command may hang over them.
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { CeremonyError } from '@quorate/agent';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { refusalOf } from '../src/ceremonies/refusals.ts';
import { quorate } from './support/world.ts';

let directory = '';

beforeEach(() => {
  directory = temporaryDirectory();
});

const at = (...names: string[]): string => join(directory, ...names);
const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1) ?? '');

describe('input that is wrong', () => {
  test('a session key that the coordinator could not read is refused at once', async () => {
    const order = ['--threshold', '2', '--participants', 'a,b', '--session-key', 'no spaces'];
    const ran = await quorate('keygen', ...order, '--json');
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('letters, digits');
    expect(lastLine(ran.stdout)).toMatchObject({ event: 'error', code: 'usage', exit_code: 2 });
  });

  test.each([['keygn'], ['keygen', '--treshold', '2'], ['keygen'], ['users']])(
    'with --json a wrong command line is told as an error event, too (%s)',
    async (...args) => {
      const ran = await quorate(...args, '--json');
      expect(ran.exit).toBe(2);
      expect(lastLine(ran.stdout)).toMatchObject({ event: 'error', code: 'usage', exit_code: 2 });
    },
  );

  test.each([
    ['sign', '--participants', 'a,b'],
    ['verify', '--signature', `0x${'11'.repeat(65)}`],
  ])('W-18: a digest of zero, or of the group order, is not accepted (%s)', async (...args) => {
    const address = ['--address', '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23'];
    const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
    for (const digest of ['0'.repeat(64), order]) {
      const ran = await quorate(...args, ...address, '--digest', `0x${digest}`);
      expect(ran.exit).toBe(2);
      expect(ran.stderr).toContain('the digest: expected a digest that is not zero');
    }
  });

  test.each([
    ['users', 'add', 'a,b', '--role', 'participant'],
    ['users', 'add', ' a', '--role', 'participant'],
    ['users', 'add', 'a\u0007b', '--role', 'participant'],
    ['users', 'setup', '--url', 'http://127.0.0.1:1', '--username', ' root'],
    ['users', 'setup', '--url', 'http://127.0.0.1:1', '--username', 'x'.repeat(65)],
    ['users', 'add', 'a', '--role', 'participant', '--no-password', '--password-file', 'x'],
    ['users', 'change', 'a', '--disable', '--enable'],
    ['audit', 'verify', '/dev/null', '--public-key', '12'],
  ])('%s %s %s ends with 2 before anybody is asked', async (...args) => {
    expect((await quorate(...args, '--login', at('none'))).exit).toBe(2);
  });
});

describe('W-4: a file of JSON', () => {
  const digest = `0x${'11'.repeat(32)}`;
  const order = ['--address', '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23'];
  const verified = (content: string) => {
    writeFileSync(at('payload.json'), content);
    const signature = ['--signature', `0x${'11'.repeat(64)}1b`];
    return quorate('verify', ...order, ...signature, '--transaction', at('payload.json'));
  };

  test('with a key twice is refused by its line, and not the last one taken', async () => {
    const ran = await verified(`{"kind": "digest",\n "digest": "${digest}", "digest": "0x02"}`);
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain(
      `${at('payload.json')}: line 2, column 82: duplicate key "digest"`,
    );
  });

  test('that is none is told by its line, and none of it is repeated', async () => {
    const ran = await verified('{"kind": "digest",\n "secret": 12 34}');
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('line 2, column 15: expected , or }');
    expect(ran.stderr).not.toContain('34');
  });

  test('W-10: with a byte order mark is taken', async () => {
    const ran = await verified(`\ufeff{"kind": "digest", "digest": "${digest}"}`);
    expect(ran).toMatchObject({ exit: 6 });
    expect(ran.stderr).not.toContain('line 1');
  });
});

describe('codes of the coordinator', () => {
  const told = (code: string): unknown => refusalOf(new CeremonyError(code, 'no', 'no', 's1'));

  test('wrong input ends with 2, a refusal with 3, and no text is told twice', () => {
    expect(told('invalid_message')).toMatchObject({ exit: 2, message: 'no' });
    expect(told('session_key_conflict')).toMatchObject({ exit: 3, message: 'no' });
  });

  test('a new session key is advised only where it helps', () => {
    expect(told('timeout')).toMatchObject({ hint: expect.stringContaining('new session key') });
    expect(told('session_key_conflict')).toMatchObject({
      hint: expect.stringContaining('new session key'),
    });
    for (const code of ['zero_digest', 'forbidden_key', 'unknown_key', 'not_a_holder']) {
      expect(told(code)).toMatchObject({ hint: undefined });
    }
  });
});

describe('agents', () => {
  const init = (approval: string) => {
    const who = ['--directory', at('alice'), '--username', 'alice'];
    return quorate('agent', 'init', ...who, '--url', 'http://127.0.0.1:1', '--approval', approval);
  };

  test('a policy that is not one is refused when it is configured, and ends agent run before the PIN', async () => {
    const policy = at('policy.yaml');
    expect((await init(`policy:${policy}`)).exit).toBe(2);
    writeFileSync(policy, 'keygen: perhaps\n');
    expect((await init(`policy:${policy}`)).exit).toBe(2);
    writeFileSync(
      policy,
      'keygen: refuse\nsign:\n  kinds: []\n  chains: []\n  addresses: []\n  max_value: "0"\n',
    );
    const made = await init(`policy:${policy}`);
    expect(made.exit, made.stderr).toBe(0);
    writeFileSync(policy, 'keygen: perhaps\n');
    const ran = await quorate('agent', 'run', '--directory', at('alice'));
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('policy.yaml');
  });
});

describe('a port that is taken', () => {
  test('is named by the coordinator with the way out, and ends with 2', async () => {
    const taken: Server = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    try {
      for (const command of [
        ['coordinator', '--data', at('data'), '--init'],
        ['dev', '--parties', '2'],
      ]) {
        const ran = await quorate(...command, '--port', port, '--json');
        expect(ran.exit, ran.stderr).toBe(2);
        expect(ran.stderr).toContain(`port ${port} is in use; choose another with --port`);
      }
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });
});
