import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type PromptTerminal, promptSecret } from '../../src/terminal/prompt.ts';
import { Recorder } from '../support/recorder.ts';

class Keyboard extends EventEmitter {
  readonly isTTY: boolean = true;
  raw = false;

  setRawMode(raw: boolean): void {
    this.raw = raw;
  }

  resume(): void {}

  pause(): void {}

  type(text: string): void {
    this.emit('data', new TextEncoder().encode(text));
  }
}

function ask(): { keyboard: Keyboard; screen: Recorder; answer: Promise<string> } {
  const keyboard = new Keyboard();
  const screen = new Recorder();
  const terminal: PromptTerminal = { input: keyboard, output: screen };
  const answer = promptSecret('PIN', '--pin-file FILE', terminal).then((bytes) =>
    new TextDecoder().decode(bytes),
  );
  return { keyboard, screen, answer };
}

describe('prompt', () => {
  test('a secret is read without echo and the terminal is given back', async () => {
    const { keyboard, screen, answer } = ask();
    expect(keyboard.raw).toBe(true);
    keyboard.type('49');
    keyboard.type('27\r');
    expect(await answer).toBe('4927');
    expect(keyboard.raw).toBe(false);
    expect(screen.text).not.toMatch(/\d/);
  });

  test('backspace removes a whole character of several bytes', async () => {
    const { keyboard, answer } = ask();
    keyboard.type('a密\u007fb\r');
    expect(await answer).toBe('ab');
  });

  test('backspace on nothing is harmless', async () => {
    const { keyboard, answer } = ask();
    keyboard.type('\u007fx\r');
    expect(await answer).toBe('x');
  });

  test('Ctrl-C interrupts', async () => {
    const { keyboard, answer } = ask();
    keyboard.type('12\u0003');
    await expect(answer).rejects.toMatchObject({ exit: 130 });
    expect(keyboard.raw).toBe(false);
  });

  test('without a terminal the option that gives a file is named', async () => {
    const keyboard = Object.assign(new Keyboard(), { isTTY: false });
    const asked = promptSecret('PIN', '--pin-file FILE', {
      input: keyboard,
      output: new Recorder(),
    });
    await expect(asked).rejects.toMatchObject({ exit: 2, hint: 'use --pin-file FILE' });
  });
});
