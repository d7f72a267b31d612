// The chip of a cosigner: tries that are left for people, and a blocked PIN that is set anew.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { initCosigner, loadCosignerConfig } from '@quorate/cosigner';
import { afterAll, expect, test } from 'vitest';
import { SecureElementError } from '@quorate/secure-element';
import { unblockProblem } from '../src/operations/chipTries.ts';
import { Cosigners, lastOf } from './support/cosigners.ts';
import { quorate, type Ran } from './support/world.ts';

const both = new Cosigners();
afterAll(() => both.close());

const cosigner = (...words: string[]): Promise<Ran> =>
  quorate('cosigner', ...words, '--config', both.at('enterprise.yaml'), '--json');

const writePin = (text: string): void =>
  writeFileSync(both.at('enterprise/pin'), `${text}\n`, { mode: 0o600 });

test('Z-1: cosigner init writes the PUK before the chip gets it, and not for a store that is there', async () => {
  const init = (file: string): Promise<Ran> =>
    quorate(
      'cosigner',
      'init',
      '--config',
      both.at('mobile-app.yaml'),
      '--json',
      '--puk-out',
      file,
    );
  const made = await init(both.at('mobile-puk'));
  expect([made.exit, lastOf(made)['puk']], made.stderr).toEqual([0, true]);
  expect(statSync(both.at('mobile-puk')).mode & 0o777).toBe(0o600);
  const puk = readFileSync(both.at('mobile-puk'), 'utf8').trim();
  expect(made.stdout + made.stderr).not.toContain(puk);
  expect(lastOf(await init(both.at('other-puk')))).toMatchObject({ code: 'store/exists' });
  expect(existsSync(both.at('other-puk'))).toBe(false);
});

test('Z-1: a cosigner leaves the last try to a person, and a blocked PIN becomes that of the PIN file', async () => {
  const puk = both.at('puk');
  writeFileSync(puk, '1A2B-3C4D-5E6F\n', { mode: 0o600 });
  await initCosigner(loadCosignerConfig(both.at('enterprise.yaml')), {
    scryptCost: 1024,
    puk: () => Uint8Array.from(Buffer.from('1A2B-3C4D-5E6F')),
  });

  const right = readFileSync(both.at('enterprise/pin'), 'utf8').trim();
  expect(lastOf(await cosigner('chip'))).toMatchObject({
    pin: 'right',
    pinTriesLeft: 3,
    pukTriesLeft: 10,
  });
  for (const wrong of ['00000000', '11111111']) {
    writePin(wrong);
    expect(lastOf(await cosigner())).toMatchObject({ code: 'chip/wrong-pin' });
  }
  writePin(right);
  expect(lastOf(await cosigner())).toMatchObject({
    code: 'chip/last-try',
    message: expect.stringContaining('quorate cosigner chip --last-try'),
  });
  expect(lastOf(await cosigner('chip'))).toMatchObject({ code: 'chip/last-try' });
  expect((await cosigner('chip', '--last-try')).exit).toBe(0);

  for (const wrong of ['00000000', '11111111', '22222222']) {
    writePin(wrong);
    await cosigner('chip', '--last-try');
  }
  expect(lastOf(await cosigner())).toMatchObject({
    code: 'chip/blocked',
    message: expect.stringContaining('quorate cosigner unblock'),
  });
  writeFileSync(both.at('wrong-puk'), '0000-0000-0000\n', { mode: 0o600 });
  expect(lastOf(await cosigner('unblock', '--puk-file', both.at('wrong-puk')))).toMatchObject({
    code: 'puk-wrong',
    message: 'the PUK is wrong: 9 tries left',
    hint: 'be sure of the PUK before you run the command again',
  });
  const unblocked = await cosigner('unblock', '--puk-file', puk);
  expect([unblocked.exit, lastOf(unblocked)['unblocked']], unblocked.stderr).toEqual([0, true]);
  expect(lastOf(await cosigner('chip'))).toMatchObject({ pin: 'right', pinTriesLeft: 3 });
  expect(readFileSync(both.at('enterprise/pin'), 'utf8')).toBe('22222222\n');
  expect(lastOf(await cosigner('unblock', '--puk-file', puk))).toMatchObject({
    code: 'pin-not-blocked',
    hint: 'quorate cosigner chip tries the PIN of the PIN file',
  });
  expect(lastOf(await cosigner('unblock', '--so-pin-file', puk))).toMatchObject({ code: 'usage' });
});

test('Z-1: a used-up PUK of a cosigner is said, and that nobody else moves what its keys hold', () => {
  const of = (code: 'puk-blocked' | 'puk-wrong', triesLeft: number) =>
    unblockProblem(new SecureElementError(code, '', { triesLeft }), 'cosigner');
  const last = {
    message: 'the PUK is used up: nothing unblocks this chip, and its records are lost',
    hint: expect.stringContaining('the other side alone can move nothing'),
  };
  expect(of('puk-blocked', 0)).toMatchObject(last);
  expect(of('puk-wrong', 0)).toMatchObject(last);
});

test('Z-1: a file for the PUK of a token is refused, since a token has none', async () => {
  const chip = 'kind: pkcs11, module: /nowhere.so, token: x, pin_file: p';
  const yaml = `listen: {port: 0}\ncapabilities: [sign]\nrole: enterprise\npartners: [m]\nstore: new\nidentity: {chip: {${chip}}}\n`;
  writeFileSync(both.at('token.yaml'), yaml);
  const file = both.at('no-puk');
  const init = ['cosigner', 'init', '--config', both.at('token.yaml'), '--json'];
  const refused = { code: 'usage', message: 'a token has no PUK' };
  expect(lastOf(await quorate(...init, '--puk-out', file))).toMatchObject(refused);
  expect([existsSync(file), existsSync(both.at('new'))]).toEqual([false, false]);
});
