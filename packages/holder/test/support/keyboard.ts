/** Somebody at a terminal, or a program at a pipe. */
import { PassThrough } from 'node:stream';
import { Terminal } from '../../src/terminal/terminal.ts';
import { eventually } from '../../../../test/support/eventually.ts';

/** A terminal that a test types at. */
export class Typist {
  readonly terminal: Terminal;
  readonly input: PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): void };
  readonly output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  raw = false;
  interrupts = 0;
  #shown = '';

  constructor(kind: 'terminal' | 'pipe') {
    const isTTY = kind === 'terminal';
    const setRawMode = (raw: boolean): void => {
      this.raw = raw;
    };
    this.input = Object.assign(new PassThrough(), isTTY ? { isTTY, setRawMode } : {});
    this.output.isTTY = isTTY;
    this.output.on('data', (chunk: Buffer) => {
      this.#shown += chunk.toString('utf8');
    });
    this.terminal = new Terminal({
      input: this.input,
      output: this.output,
      interrupt: () => {
        this.interrupts += 1;
      },
    });
  }

  /** Everything that was written, without what only moves the cursor. */
  get shown(): string {
    // oxlint-disable-next-line no-control-regex
    return this.#shown.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '');
  }

  /** What was written as the terminal got it. */
  get written(): string {
    return this.#shown;
  }

  type(text: string): void {
    this.input.write(text);
  }

  /** Waits for the question of that number, counted from 1, and gives its fresh digits. */
  async question(number = 1): Promise<string> {
    const asked = (): string[] =>
      [...this.shown.matchAll(/, then ([0-9a-f]{4})\./g)].map((one) => one[1] ?? '');
    await eventually(() => asked().length >= number && this.shown.endsWith('left): '));
    return asked()[number - 1] ?? '';
  }
}
