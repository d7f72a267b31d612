import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { Typist } from '../../../holder/test/support/keyboard.ts';
import { confirm, promptSecret } from '../../src/terminal/prompt.ts';

const typists: Typist[] = [];

afterEach(() => {
  for (const { terminal } of typists.splice(0)) terminal.release();
});

function at(kind: 'terminal' | 'pipe'): Typist {
  const typist = new Typist(kind);
  typists.push(typist);
  return typist;
}

async function ask(): Promise<{ typist: Typist; answer: Promise<string> }> {
  const typist = at('terminal');
  const answer = promptSecret('PIN', '--pin-file FILE', typist.terminal).then((bytes) =>
    new TextDecoder().decode(bytes),
  );
  await eventually(() => typist.shown.endsWith('PIN: '));
  return { typist, answer };
}

describe('prompt', () => {
  test('a secret is read without echo and the terminal is given back', async () => {
    const { typist, answer } = await ask();
    expect(typist.raw).toBe(true);
    typist.type('49');
    typist.type('27\r');
    expect(await answer).toBe('4927');
    expect(typist.raw).toBe(false);
    expect(typist.written).not.toMatch(/\d/);
  });

  test('Y-1: a secret that was typed before it was asked for is dropped', async () => {
    const typist = at('terminal');
    typist.type('1111\r');
    const answer = promptSecret('PIN', '--pin-file FILE', typist.terminal);
    await eventually(() => typist.shown.endsWith('PIN: '));
    typist.type('4927\r9');
    expect(Buffer.from(await answer).toString()).toBe('4927');
    const again = promptSecret('PIN again', '--pin-file FILE', typist.terminal);
    await eventually(() => typist.shown.endsWith('PIN again: '));
    typist.type('4927\r');
    expect(Buffer.from(await again).toString()).toBe('4927');
  });

  test('Y-1: a yes that was typed before the question is none', async () => {
    const typist = at('terminal');
    typist.type('yes\ryes');
    const answer = confirm('Sure?', '--yes', typist.terminal);
    await eventually(() => typist.shown.endsWith('Sure? (yes/no) '));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    typist.type('\r');
    expect(await answer).toBe(false);
  });

  test('backspace removes a whole character of several bytes', async () => {
    const { typist, answer } = await ask();
    typist.type('a密\u007fb\r');
    expect(await answer).toBe('ab');
  });

  test('backspace on nothing is harmless', async () => {
    const { typist, answer } = await ask();
    typist.type('\u007fx\r');
    expect(await answer).toBe('x');
  });

  test('Ctrl-C at a question ends the command with 130, and is no answer', async () => {
    const { typist, answer } = await ask();
    typist.type('12\u0003');
    await expect(answer).rejects.toMatchObject({ code: 'interrupted', exit: 130 });
    expect(typist.raw).toBe(false);
    const sure = confirm('Sure?', '--yes', typist.terminal);
    await eventually(() => typist.shown.endsWith('Sure? (yes/no) '));
    typist.type('\u0003');
    await expect(sure).rejects.toMatchObject({ code: 'interrupted', exit: 130 });
    expect(typist.interrupts).toBe(0);
  });

  test('without a terminal the option that gives a file is named', async () => {
    const asked = promptSecret('PIN', '--pin-file FILE', at('pipe').terminal);
    await expect(asked).rejects.toMatchObject({ exit: 2, hint: 'use --pin-file FILE' });
  });
});
