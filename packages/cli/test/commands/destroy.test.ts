// `quorate destroy` against a development cluster of real processes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { Typist } from '../../../holder/test/support/keyboard.ts';
import { askForAddress } from '../../src/commands/destroy.ts';
import { main } from '../../src/index.ts';
import { Output } from '../../src/terminal/output.ts';
import { type Office, openOffice } from '../support/office.ts';
import { Recorder } from '../support/recorder.ts';
import { quorate } from '../support/world.ts';

let office: Office;
let login: readonly string[] = [];
let address = '';

const done = (...args: string[]): Promise<Record<string, unknown>> => office.done(...args);

beforeAll(async () => {
  office = await openOffice(2);
  login = office.login;
  const made = await done('keygen', '--threshold', '2', '--participants', 'user1,user2');
  address = String(made['address']);
});

afterAll(async () => {
  await office?.cluster.stop();
});

describe('quorate destroy', () => {
  test('asks nobody for anything before the address was typed: without a terminal it needs --yes', async () => {
    const ran = await quorate('destroy', '--address', address, '--reason', 'closed', ...login);
    expect(ran).toMatchObject({ exit: 2 });
    expect(ran.stderr).toMatch(/there is no terminal/);
    expect(ran.stderr).toMatch(/--yes/);
    expect(await done('sessions', 'list')).toMatchObject({ sessions: [{ kind: 'keygen' }] });
  });

  test('needs a reason', async () => {
    const ran = await quorate('destroy', '--address', address, '--reason', ' ', '--yes', ...login);
    expect(ran).toMatchObject({ exit: 2 });
    expect(ran.stderr).toMatch(/--reason must not be empty/);
  });

  test('destroys the key, tells what became of each shard, and lists the key as destroyed', async () => {
    const order = ['destroy', '--address', address, '--reason', 'the account is closed', '--yes'];
    const parts = ['user1', 'user2'].map((username, at) => ({
      username,
      part_index: at + 1,
      outcome: 'deleted',
    }));
    const named = [...order, '--session-key', 'destroy-1'];
    expect(await done(...named)).toMatchObject({ session_key: 'destroy-1', address, parts });
    // The same command follows the same session, also when it is over.
    expect(await done(...named)).toMatchObject({ session_key: 'destroy-1', address, parts });
    const stdout = Object.assign(new Recorder(), { loss: { closed: true, why: 'gone' } });
    const stderr = new Recorder();
    // nobody got the result, and is told where it is.
    expect(await main([...named, ...login], { stdout, stderr, environment: {} })).toBe(141);
    expect(stderr.lines.at(-1)).toBe(
      'the result was not shown; the same command with --session-key destroy-1 shows it',
    );
    expect(await done('keys', 'list')).toMatchObject({ keys: [{ address, state: 'destroyed' }] });
    expect(await done('keys', 'show', address)).toMatchObject({
      holders: [{ record_state: 'deleted' }, { record_state: 'deleted' }],
    });
    const shown = await quorate('keys', 'show', address, ...login);
    expect(shown.stdout).toMatch(/^state +destroyed$/m);
    const again = await quorate(...order, ...login, '--json');
    expect(again.exit).toBe(3);
    expect(again.stdout).toMatch(/"code":"key_destroyed"/);
  });
});

describe('quorate sessions cancel', () => {
  test('Y-7: shows the state that holds of a session that has ended, and changes nothing', async () => {
    expect(await done('sessions', 'cancel', 'destroy-1')).toMatchObject({
      session_key: 'destroy-1',
      state: 'completed',
      code: null,
    });
  });

  test('Y-7: of a session that is not there ends with 3', async () => {
    const ran = await quorate('sessions', 'cancel', 'nobody-has-this', ...login, '--json');
    expect(ran.exit).toBe(3);
    expect(ran.stdout).toMatch(/"code":"unknown_session"/);
  });
});

describe('quorate sessions close', () => {
  test('Z-6: is for administrators, and needs a reason', async () => {
    const named = ['sessions', 'close', 'destroy-1'];
    const ran = await quorate(...named, '--reason', 'lost', ...login, '--json');
    expect(ran.exit).toBe(4);
    expect(ran.stdout).toMatch(/"code":"forbidden"/);
    expect((await quorate(...named, '--reason', ' ', ...login)).exit).toBe(2);
    expect((await quorate(...named, ...login)).exit).toBe(2);
  });
});

describe('the address that is typed', () => {
  const given = '0x52908400098527886E0F7030069857D2E4169EE7';

  async function typed(text: string): Promise<unknown> {
    const [stdout, stderr] = [new Recorder(), new Recorder()];
    const output = new Output({ stdout, stderr, json: false, quiet: false, colour: false });
    const typist = new Typist('terminal');
    const answer = askForAddress({ output }, { address: given }, typist.terminal).then(
      () => 'confirmed',
      (error: unknown) => error,
    );
    await eventually(() => typist.shown.endsWith('typed out: '));
    typist.type(`${text}\r`);
    return answer;
  }

  test('is the whole one, in any case', async () => {
    expect(await typed(given)).toBe('confirmed');
    expect(await typed(given.toLowerCase())).toBe('confirmed');
    for (const other of ['yes', '', given.slice(0, 10), given.replace('E7', 'E8')]) {
      expect(await typed(other), other).toMatchObject({ code: 'not_confirmed', exit: 3 });
    }
  });
});
