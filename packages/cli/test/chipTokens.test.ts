// Tokens at the command line: tries as far as they are told, and a PIN that the security officer sets anew.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initAgent } from '@quorate/agent';
import { openSecureElement, SecureElementError } from '@quorate/secure-element';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { makeAuthority } from '../../secure-element/test/support/host.ts';
import {
  describeTokens,
  makeSoftHsm,
  MODULE,
  SO_PIN,
} from '../../secure-element/test/support/softhsm.ts';
import { pinProblem, pinText } from '../src/operations/chipTries.ts';
import { quorate, type Ran } from './support/world.ts';

const PIN = Buffer.from('482915');
const TOKEN = { kind: 'pkcs11', module: MODULE, token: 'alice' } as const;

describeTokens('a token at the command line', () => {
  const store = makeSoftHsm();
  store.addToken('alice', PIN.toString());
  const directory = temporaryDirectory();
  afterAll(() => {
    rmSync(directory, { recursive: true });
    store.remove();
  });
  const at = (name: string): string => join(directory, name);
  const secret = (name: string, text: string): string => {
    writeFileSync(at(name), `${text}\n`, { mode: 0o600 });
    return at(name);
  };

  test('Z-5: chips unblock has the security officer set a new PIN, and says no number that the token does not tell', async () => {
    const agent = at('agent');
    const url = 'ws://127.0.0.1:1/ws';
    initAgent({ directory: agent, url, username: 'alice', approval: 'auto', rosterKey: null });
    writeFileSync(at('token.yaml'), `kind: pkcs11\nmodule: ${MODULE}\ntoken: alice\n`);
    const element = await openSecureElement(TOKEN);
    await element.personalise(makeAuthority().publicKey, PIN);
    await element.close();
    const chip = ['--directory', agent, '--chip', at('token.yaml')];
    const shown = await quorate('chips', 'show', ...chip);
    expect(shown.stdout).toContain('PIN: the token does not tell how many tries are left');
    expect(shown.stdout).toContain('PUK: none: the token’s security officer sets a new PIN');
    const wrong = [
      '--pin-file',
      secret('wrong', '000000'),
      '--new-pin-file',
      secret('new', '7391'),
    ];
    const refused = await quorate('chips', 'pin', ...chip, ...wrong);
    expect(refused.stderr).toMatch(/the PIN is wrong$/m);
    expect((await quorate('chips', 'show', ...chip)).stdout).toContain('PIN: not all tries left');

    const unblock = (officer: string, ...more: string[]): Promise<Ran> => {
      const files = ['--so-pin-file', secret('officer', officer), '--new-pin-file', at('new')];
      return quorate('chips', 'unblock', ...chip, ...files, ...more, '--json');
    };
    expect(JSON.parse((await unblock('00000000')).stdout)).toMatchObject({ code: 'so-pin-wrong' });
    const set = await unblock(SO_PIN);
    expect(set.exit, set.stderr).toBe(0);
    const again = await openSecureElement(TOKEN);
    await again.verifyPin(Buffer.from('7391'));
    await again.close();
  });
});

describe('what is said of tries', () => {
  test('Z-5: only what is known', () => {
    expect([3, 1, 0, 'fewer' as const, null].map(pinText)).toEqual([
      '3 tries left',
      '1 try left',
      'blocked',
      'not all tries left; the token does not tell how many',
      'the token does not tell how many tries are left',
    ]);
  });

  test('Z-5: a blocked PIN is not a lost chip as long as somebody can set it anew', () => {
    const blocked = pinProblem(new SecureElementError('pin-blocked', '', { triesLeft: 0 }));
    expect(blocked?.message).toBe('the PIN of this chip is blocked');
    expect(blocked?.hint).toMatch(
      /^quorate chips unblock sets a new PIN, with the PUK or a token’s/,
    );
    const wrong = pinProblem(new SecureElementError('pin-wrong', ''));
    expect(wrong?.message).toBe('the PIN is wrong');
  });
});
