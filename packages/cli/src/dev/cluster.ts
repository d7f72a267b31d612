/**
 * A development cluster: a coordinator and agents as processes of their own on loopback, in a
 * directory that is deleted at the end.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import type { LogLevel } from '../terminal/log.ts';
import type { Credentials } from '../operations/users.ts';
import { type People, type Person, setUpPeople } from './people.ts';
import { whenForced } from './interrupt.ts';
import { Program, type ProgramEvent } from './program.ts';

/** The programs end with this one, and all of them in the time that a stop of this one may take. */
const STOP = ['--stop-with-stdin', '--stop-timeout', '3'];

/** The shape of a cluster. */
export interface ClusterOptions {
  readonly parties: number;
  /** Port of the coordinator; 0 for any free one. */
  readonly port: number;
  /** Where agents connect instead of straight to the coordinator, e.g. through a recorder. */
  readonly route?: (wsUrl: string) => Promise<string>;
  /** How much every program logs. */
  readonly logLevel?: LogLevel;
  readonly onStep?: (text: string) => void;
  readonly onCrash?: (text: string) => void;
  /** Ends the start: what has been started is stopped. */
  readonly signal?: AbortSignal;
}

/** A running cluster. */
export interface Cluster {
  readonly url: string;
  readonly wsUrl: string;
  /** Secret. */
  readonly administrator: Credentials;
  /** Secret. */
  readonly adminToken: string;
  /** Secret tokens; the coordinator first, then the participants in order. */
  readonly users: readonly Person[];
  /** Everything that the cluster keeps; gone after `stop`. */
  readonly directory: string;
  /** The coordinator's own directory in it. */
  readonly coordinatorDirectory: string;
  readonly coordinator: Program;
  /** In the order of the participants. */
  readonly agents: readonly Program[];
  /** Settles with the error when a program is given up; otherwise never. */
  readonly failed: Promise<CliError>;
  stop(): Promise<void>;
}

/**
 * Starts a cluster; when it cannot be started, nothing is left behind.
 *
 * @throws CliError `not_started`
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const site = new Site(options);
  const stop = (): void => void site.stop().catch(() => undefined);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await site.start();
  } catch (error) {
    await site.stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

class Site {
  readonly #options: ClusterOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'quorate-dev-'));
  readonly #programs: Program[] = [];
  readonly #onExit = (): void => this.#removeNow();
  readonly #notForced: () => void;
  readonly #failed: Promise<CliError>;
  #fail: (error: CliError) => void = () => undefined;
  #port: number;
  #isInitialised = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    mkdirSync(this.#path('logs'), { mode: 0o700 });
    process.on('exit', this.#onExit);
    this.#notForced = whenForced(this.#onExit);
  }

  async start(): Promise<Cluster> {
    const step = this.#options.onStep ?? (() => undefined);
    step('coordinator');
    const coordinator = this.#program('coordinator', 'listening', () => [
      'coordinator',
      '--data',
      this.#path('coordinator'),
      '--host',
      '127.0.0.1',
      '--port',
      `${this.#port}`,
      ...(this.#isInitialised ? [] : ['--init']),
    ]);
    const { url, wsUrl, setupToken } = listening(await coordinator.start());
    this.#port = Number(new URL(url).port);
    this.#isInitialised = true;
    const people = await setUpPeople({
      endpoint: { url },
      setupToken,
      wsUrl: (await this.#options.route?.(wsUrl)) ?? wsUrl,
      directory: this.#directory,
      parties: this.#options.parties,
      onStep: step,
    });
    step('agents');
    const agents = people.participants.map((participant) =>
      this.#program(participant.username, 'registered', () => [
        'agent',
        'run',
        '--directory',
        participant.directory,
      ]),
    );
    await Promise.all(agents.map((agent) => agent.start()));
    return {
      url,
      wsUrl,
      administrator: people.administrator,
      adminToken: people.adminToken,
      users: usersOf(people),
      directory: this.#directory,
      coordinatorDirectory: this.#path('coordinator'),
      coordinator,
      agents,
      failed: this.#failed,
      stop: () => this.stop(),
    };
  }

  async stop(): Promise<void> {
    const [coordinator, ...agents] = this.#programs;
    await Promise.all(agents.map((agent) => agent.stop()));
    await coordinator?.stop();
    process.off('exit', this.#onExit);
    this.#notForced();
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }

  #program(name: string, ready: string, args: () => readonly string[]): Program {
    const { logLevel: level = 'info', signal } = this.#options;
    signal?.throwIfAborted();
    const program = new Program({
      name,
      ready,
      args: () => [...args(), '--json', ...STOP, '--log-level', level],
      logFile: this.#path('logs', `${name}.log`),
      onCrash: (text, givenUp) => {
        this.#options.onCrash?.(text);
        if (givenUp) this.#fail(new CliError('crashed', text, { exit: EXIT.unexpected }));
      },
    });
    this.#programs.push(program);
    return program;
  }

  #path(...names: string[]): string {
    return join(this.#directory, ...names);
  }

  /** The last moment of this process: nothing may outlive it. */
  #removeNow(): void {
    for (const program of this.#programs) program.killNow();
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

function usersOf(people: People): Person[] {
  return [people.coordinator, ...people.participants].map(({ username, role, token }) => ({
    username,
    role,
    token,
  }));
}

function listening(event: ProgramEvent): { url: string; wsUrl: string; setupToken: string } {
  const { url, ws_url: wsUrl, setup_token: setupToken } = event;
  if (typeof url !== 'string' || typeof wsUrl !== 'string' || typeof setupToken !== 'string') {
    throw new TypeError('unreachable: the coordinator listens without an address or a setup token');
  }
  return { url, wsUrl, setupToken };
}
