/**
 * One program of a development cluster: a process of this very command line, watched and restarted.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CliError, PORT_IN_USE } from '../errors.ts';
import { EXIT, EXIT_MEANINGS } from '../exitCodes.ts';

const QUORATE = fileURLToPath(new URL('../../bin/quorate.js', import.meta.url));
const STOP_MS = 5000;
const READY_MS = 60_000;
const RESTARTS = 5;
const TAIL = 10;

/** An event that a program printed as a line of JSON. */
export type ProgramEvent = Readonly<Record<string, unknown>>;

/** A program and how it is watched. */
export interface ProgramOptions {
  readonly name: string;
  /** The command line; asked again at every start, since a port may have become known. */
  readonly args: () => readonly string[];
  /** The event that says that it is ready. */
  readonly ready: string;
  /** Everything that it prints is appended here. */
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Told when it ended without having been asked to, and was started again or given up. */
  readonly onCrash?: (text: string, givenUp: boolean) => void;
}

/** A running program. */
export class Program {
  readonly name: string;
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #wanted = false;
  #wasReady = false;
  #crashes = 0;
  #tail: string[] = [];
  /** Its message when it failed. */
  #error: ProgramEvent | undefined;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The process id, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts it and waits until it is ready, for a minute at most.
   *
   * @throws CliError `not_started` with the last lines that it printed
   */
  async start(): Promise<ProgramEvent> {
    this.#wanted = true;
    const deadline = setTimeout(() => this.#child?.kill('SIGKILL'), READY_MS);
    try {
      return await this.#launch();
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Ends it, politely at first. */
  async stop(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Ends it at once, as a power cut would; it is not started again by itself. */
  async kill(): Promise<void> {
    this.#wanted = false;
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it without waiting, for the last moments of this process. */
  killNow(): void {
    this.#wanted = false;
    this.#child?.kill('SIGKILL');
  }

  async #launch(): Promise<ProgramEvent> {
    const log = openLog(this.#options.logFile);
    const child = spawn(process.execPath, [QUORATE, ...this.#options.args()], {
      // The pipe at stdin closes when this process dies, however it dies: then the child stops, too.
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#options.environment },
      // Ctrl-C at the terminal reaches this process only, which stops the others in order.
      detached: true,
    });
    this.#child = child;
    child.stdin?.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      const see = (line: string): void => {
        log.add(line);
        this.#tail = [...this.#tail.slice(1 - TAIL), line];
      };
      if (child.stderr) createInterface({ input: child.stderr }).on('line', see);
      if (child.stdout) {
        createInterface({ input: child.stdout }).on('line', (line) => {
          // Results on stdout may hold the setup token: they are read, and not kept.
          const event = parseEvent(line);
          if (event?.['event'] === 'error') this.#error = event;
          if (event?.['event'] !== this.#options.ready) return;
          this.#wasReady = true;
          resolve(event);
        });
      }
      child.on('error', reject);
      this.#ended = new Promise((done) => {
        child.on('close', (code, signal) => {
          log.close();
          if (this.#child === child) this.#child = undefined;
          reject(this.#notStarted(code, signal));
          this.#afterEnd(code ?? signal ?? 'unknown');
          done();
        });
      });
    });
  }

  #notStarted(code: number | null, signal: string | null): CliError {
    // The one failure that the person can mend; the others are ours.
    const { code: told, message, exit_code: exit } = this.#error ?? {};
    if (told === PORT_IN_USE) return new CliError(told, String(message), { exit: EXIT.usage });
    const foreseen = EXIT_MEANINGS.find(([known]) => known === exit && exit !== EXIT.unexpected);
    if (typeof told === 'string' && foreseen !== undefined) {
      return new CliError(told, `${this.name}: ${String(message)}`, { exit: foreseen[0] });
    }
    return new CliError('not_started', `${this.name} ended (${code ?? signal})`, {
      exit: EXIT.unexpected,
      details: this.#tail,
    });
  }

  #afterEnd(how: number | string): void {
    if (!this.#wanted || !this.#wasReady) return;
    this.#crashes += 1;
    const givenUp = this.#crashes > RESTARTS;
    const then = givenUp ? 'given up' : 'starting it again';
    this.#options.onCrash?.(`${this.name} ended unexpectedly (${how}): ${then}`, givenUp);
    if (givenUp) this.#wanted = false;
    else this.#launch().catch(() => undefined);
  }
}

/** A log that the disk does not take is lost: neither the program nor this one ends for it. */
function openLog(file: string): { add(line: string): void; close(): void } {
  let handle: number | undefined;
  const close = (): void => {
    if (handle !== undefined) closeSync(handle);
    handle = undefined;
  };
  const orLost = (work: () => void): void => {
    try {
      work();
    } catch {
      // Whoever runs the program is told of its end; its last lines are kept in memory.
    }
  };
  orLost(() => {
    handle = openSync(file, 'a', 0o600);
  });
  return {
    add: (line) => orLost(() => void (handle !== undefined && writeSync(handle, `${line}\n`))),
    close: () => orLost(close),
  };
}

function parseEvent(line: string): ProgramEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
