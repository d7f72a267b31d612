import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Asker, createAsker, freshDigits, type Question } from '../../src/approval/asker.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { Typist } from '../support/keyboard.ts';

const DIGEST = `02ec${'7'.repeat(60)}`;
const QUESTION: Question = {
  title: '── Signature ──',
  lines: [`  digest to sign: 0x${DIGEST}`],
  subject: { name: 'digest', hex: DIGEST },
  timeLeft: 120_000,
};

const never = (): AbortSignal => new AbortController().signal;

const typists: Typist[] = [];

afterEach(() => {
  for (const { terminal } of typists.splice(0)) terminal.release();
});

function asking(kind: 'terminal' | 'pipe'): { typist: Typist; ask: Asker } {
  const typist = new Typist(kind);
  typists.push(typist);
  return { typist, ask: createAsker(typist.terminal) };
}

describe.each(['terminal', 'pipe'] as const)('a question at a %s', (kind) => {
  test('Y-1: what is typed while no question stands answers none', async () => {
    const { typist, ask } = asking(kind);
    const first = ask(QUESTION, never());
    const fresh = await typist.question();
    typist.type('no\n');
    expect(await first).toEqual({ accept: false, reason: 'declined' });
    typist.type(`02ec${fresh}\nno\n`);
    const late = new AbortController();
    const second = ask(QUESTION, late.signal);
    await typist.question(2);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    late.abort('nobody came');
    expect(await second).toBe('void');
    expect(typist.shown).not.toContain('Nothing is decided yet');
  });

  test('Y-1: the rest of a line that began before the question is no part of an answer', async () => {
    const { typist, ask } = asking(kind);
    const first = ask(QUESTION, never());
    await typist.question();
    typist.type('no\nno');
    expect(await first).toEqual({ accept: false, reason: 'declined' });
    const second = ask(QUESTION, never());
    const fresh = await typist.question(2);
    typist.type(kind === 'pipe' ? ', never\n' : '\n');
    if (kind === 'terminal') await typist.question(3);
    typist.type(`02ec${fresh}\n`);
    expect(await second).toEqual({ accept: true });
  });

  test('Y-1: a question that ended says so, and its digits approve no later one about the same content', async () => {
    const { typist, ask } = asking(kind);
    const over = new AbortController();
    const first = ask(QUESTION, over.signal);
    const old = await typist.question();
    over.abort('the coordinator ended it\u001b[2J');
    expect(await first).toBe('void');
    expect(typist.shown).toContain(
      '── Signature ── void: the coordinator ended it\\u{1b}[2J. Its digits are no longer valid.',
    );
    const second = ask(QUESTION, never());
    const fresh = await typist.question(2);
    expect(fresh).not.toBe(old);
    typist.type(`02ec${old}\n`);
    await typist.question(3);
    expect(typist.shown).toContain('Nothing is decided yet.');
    typist.type(`02ec${fresh}\n`);
    expect(await second).toEqual({ accept: true });
  });

  test('Y-1: a question that waits for another one is not answered with it, and may end unseen', async () => {
    const { typist, ask } = asking(kind);
    const over = new AbortController();
    const first = ask(QUESTION, never());
    const second = ask({ ...QUESTION, title: '── Second ──' }, over.signal);
    const third = ask({ ...QUESTION, title: '── Third ──' }, never());
    const fresh = await typist.question();
    expect(typist.shown).not.toContain('Second');
    over.abort(new DOMException('late', 'TimeoutError'));
    typist.type(`02ec${fresh}\n02ec${fresh}\nno\n`);
    expect(await first).toEqual({ accept: true });
    expect(await second).toBe('void');
    expect(typist.shown).toContain(
      '── Second ── void before it could be shown: there was no answer in time',
    );
    await typist.question(2);
    typist.type('no\n');
    expect(await third).toEqual({ accept: false, reason: 'declined' });
  });

  test('Y-2: anything but the digits and a plain no asks again, with the time left', async () => {
    const { typist, ask } = asking(kind);
    const answer = ask(QUESTION, never());
    const fresh = await typist.question();
    const wrong = [
      '',
      'yes',
      'y',
      '02ec',
      fresh,
      `02ec${fresh}0`,
      `${fresh}02ec`,
      'not now',
      'nope',
    ];
    for (const [at, text] of wrong.entries()) {
      typist.type(`${text}\n`);
      expect(await typist.question(at + 2), text).toBe(fresh);
    }
    expect(
      typist.shown.match(/Answer by \d\d:\d\d:\d\d \([12]:\d\d left\): /g)?.length,
    ).toBeGreaterThan(wrong.length);
    typist.type(`0x02EC-${fresh.toUpperCase()}\n`);
    expect(await answer).toEqual({ accept: true });
  });

  test('Y-2: a no may have a reason, which is told escaped', async () => {
    const { typist, ask } = asking(kind);
    const answer = ask(QUESTION, never());
    await typist.question();
    typist.type('No, not today \u202e\n');
    expect(await answer).toEqual({ accept: false, reason: 'declined: not today \\u{202e}' });
  });

  test('Y-2: a line of the log appears above the question, and what was typed so far stays', async () => {
    const { typist, ask } = asking(kind);
    const answer = ask(QUESTION, never());
    const fresh = await typist.question();
    typist.type('02e');
    typist.terminal.write('12:00 info half a li');
    await turn();
    typist.terminal.write('ne\n');
    typist.terminal.write('· a progress line without an end');
    await eventually(() => /half a line\n.*left\): (02e)?$/.test(typist.shown));
    expect(typist.shown).not.toContain('progress');
    typist.type(`c${fresh}\n`);
    expect(await answer).toEqual({ accept: true });
    expect(typist.shown).toContain('progress');
    const before = kind === 'pipe' ? 'left): \n' : '\u001b[1G\u001b[0J';
    expect(typist.written).toContain(`${before}12:00 info half a line\n`);
  });

  test('Y-2: an input that ends is told as such, also to every later question', async () => {
    const { typist, ask } = asking(kind);
    const first = ask(QUESTION, never());
    await typist.question();
    typist.input.end();
    expect(await first).toBe('closed');
    expect(await ask(QUESTION, never())).toBe('closed');
  });

  test('a program that answers without end is not asked for ever', async () => {
    const { typist, ask } = asking(kind);
    const answer = ask(QUESTION, never());
    typist.output.on('data', (chunk: Buffer) => {
      if (chunk.toString('utf8').endsWith('left): ')) setImmediate(() => typist.type('yes\n'));
    });
    expect(await answer).toMatchObject({
      accept: false,
      reason: 'declined: 100 answers were neither the digits nor no',
    });
  });
});

describe('a terminal', () => {
  test('Y-1: is read key by key while it is kept, and is given back', () => {
    const { typist } = asking('terminal');
    expect(typist.raw).toBe(true);
    typist.terminal.release();
    expect(typist.raw).toBe(false);
    expect(typist.input.listenerCount('data')).toBe(0);
  });

  test('Ctrl-C interrupts the program, with and without a question, and answers nothing', async () => {
    const { typist, ask } = asking('terminal');
    typist.type('\u0003');
    await eventually(() => typist.interrupts === 1);
    const answer = ask(QUESTION, never());
    const fresh = await typist.question();
    typist.type('\u0003');
    await eventually(() => typist.interrupts === 2);
    typist.type(`\u000402ec${fresh}\r`);
    expect(await answer).toEqual({ accept: true });
  });

  test('Y-1: digits that an earlier question had are not given again', () => {
    const drawn = ['0a0a', '0b0b', '0a0a', '0b0b', '0a0a', '0c0c'];
    const draw = (): string => drawn.shift() ?? '';
    expect([1, 2, 3].map(() => freshDigits(draw))).toEqual(['0a0a', '0b0b', '0c0c']);
  });
});
