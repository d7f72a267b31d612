// A program with a terminal of its own, as a person starts it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'vitest';

// util-linux's `script` makes the pseudo-terminal; another one of that name has other options.
const found = spawnSync('script', ['--version'], { encoding: 'utf8' });
const CAN_RUN = process.env.CI === 'true' || /util-linux/.test(found.stdout ?? '');

/** A suite that needs a pseudo-terminal; one skipped test where there is none. */
export function describeTerminal(name: string, body: () => void): void {
  if (CAN_RUN) {
    describe(name, body);
    return;
  }
  process.stderr.write(`skipped: ${name} (install script of util-linux)\n`);
  test.skip(`${name}: with script of util-linux`, () => undefined);
}

/** A program at a terminal. */
export class TerminalProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #screen = '';
  #onText: () => void = () => undefined;

  constructor(args: readonly string[]) {
    const words = [process.execPath, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    this.#child = spawn('script', ['-qfec', `exec ${words.join(' ')}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#ended = once(this.#child, 'exit');
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#screen += chunk.toString('utf8');
      this.#onText();
    });
  }

  /** Everything on the screen since the last `waitFor`, without what moves the cursor. */
  get screen(): string {
    // oxlint-disable-next-line no-control-regex
    return this.#screen.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '');
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Settles when the text is on the screen; gives what was shown since the last call. */
  async waitFor(text: RegExp): Promise<string> {
    for (;;) {
      const shown = this.screen;
      if (text.test(shown)) {
        this.#screen = '';
        return shown;
      }
      await new Promise<void>((resolve) => {
        this.#onText = resolve;
      });
    }
  }

  /** Presses Ctrl-C and gives the exit code. */
  async interrupt(): Promise<unknown> {
    this.type('\u0003');
    const [code] = await this.#ended;
    return code;
  }

  /** Takes the terminal away. */
  async hangUp(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
