/** Two cosigners on loopback with stores of their own, as processes that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TwoPartyKeyList, TwoPartySession, TwoPartySessionList } from '@quorate/wire';
import { z } from 'zod';
import { makeToken } from '../../src/index.ts';
import { OTHER, type Side } from './configuration.ts';
import { type Settings, writeConfig } from './stores.ts';

const PROGRAM = fileURLToPath(new URL('process.mjs', import.meta.url));

const EVERY_ROLE = ['operator', 'signer', 'approver', 'viewer'] as const;

const problem = z.object({ code: z.string() });

/** How a command is run; as it is, if nothing else is said. */
type Launch = (...command: string[]) => string[];

/** One running process with its REST interface. */
export class Running {
  readonly side: Side;
  readonly url: string;
  readonly log: string[] = [];
  readonly #child: ChildProcess;
  readonly #token: string;

  private constructor(side: Side, child: ChildProcess, url: string, token: string) {
    this.side = side;
    this.#child = child;
    this.url = url;
    this.#token = token;
  }

  static async start(
    directory: string,
    side: Side,
    settings: Settings = {},
    seams: readonly string[] = [],
    launch: Launch = (...command) => command,
  ): Promise<Running> {
    const loaded = writeConfig(directory, side, settings);
    const token = await makeToken(loaded, { name: 'test', roles: EVERY_ROLE }, 3600);
    const file = join(directory, `${side}.yaml`);
    const [command = '', ...args] = launch(process.execPath, PROGRAM, file, ...seams);
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    const first = createInterface({ input: child.stdout });
    const [line] = await Promise.race([
      once(first, 'line'),
      once(child, 'exit').then(() => {
        throw new Error(`${side} did not start: ${log.join('\n')}`);
      }),
    ]);
    const { url } = z.object({ url: z.string() }).parse(JSON.parse(String(line)));
    const running = new Running(side, child, url, token);
    running.log.push(...log);
    createInterface({ input: child.stderr }).on('line', (text) => running.log.push(text));
    return running;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Kills the process as a power cut would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Ends when the process does. */
  get ended(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    return once(this.#child, 'exit').then(() => undefined);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }

  async request(path: string, body?: object, token = this.#token): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Asks for a session; the answer must be one. */
  async ask(path: string, body: object): Promise<TwoPartySession> {
    const response = await this.request(path, body);
    return TwoPartySession.parse(await response.json());
  }

  /** The status and code of a request that is refused. */
  async refused(path: string, body?: object): Promise<{ status: number; code: string }> {
    const response = await this.request(path, body);
    return { status: response.status, code: problem.parse(await response.json()).code };
  }

  keygen(wait = 60): Promise<TwoPartySession> {
    return this.ask('/api/v1/keygen/two-party', { partner: OTHER[this.side], wait });
  }

  sign(key: string, message: string, more: object = {}): Promise<TwoPartySession> {
    const order = { session_id: key, message, partner: OTHER[this.side], wait: 60, ...more };
    return this.ask('/api/v1/sign/two-party', order);
  }

  refresh(key: string): Promise<TwoPartySession> {
    const order = { session_id: key, partner: OTHER[this.side], wait: 60 };
    return this.ask('/api/v1/refresh/two-party', order);
  }

  async session(id: string): Promise<TwoPartySession> {
    const response = await this.request(`/api/v1/sessions/${id}`);
    return TwoPartySession.parse(await response.json());
  }

  /** The sessions, the newest first. */
  async sessions(): Promise<TwoPartySession[]> {
    const response = await this.request('/api/v1/sessions');
    return TwoPartySessionList.parse(await response.json()).sessions;
  }

  /** The code with which the newest session ended. */
  async lastError(): Promise<string | undefined> {
    return (await this.sessions())[0]?.error?.code;
  }

  async keys(): Promise<TwoPartyKeyList['keys']> {
    const response = await this.request('/api/v1/keys');
    return TwoPartyKeyList.parse(await response.json()).keys;
  }

  /** Looks until something is so. */
  async until<T>(look: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await look();
      if (holds(value)) return value;
      await sleep(20);
    }
  }

  /** Waits for the end of a session. */
  over(id: string): Promise<TwoPartySession> {
    return this.until(
      async () => {
        const response = await this.request(`/api/v1/sessions/${id}`);
        return TwoPartySession.safeParse(await response.json()).data;
      },
      (view) => ['completed', 'failed', 'aborted'].includes(view?.status ?? ''),
    ).then((view) => TwoPartySession.parse(view));
  }

  /** Waits until the partner is connected. */
  async connected(): Promise<void> {
    await this.until(
      () => fetch(`${this.url}/readyz`),
      ({ status }) => status === 200,
    );
  }
}

/** Both processes, connected. */
export interface Pair {
  readonly directory: string;
  readonly p1: Running;
  readonly p2: Running;
  stop(): Promise<void>;
}

/** Where P2 dials: P1 itself, or something in between. */
export type Between = (peerUrl: string) => Promise<string>;

/** Starts both processes on a directory of stores. */
export async function startPair(
  directory: string,
  options: {
    readonly p1?: Settings;
    readonly p2?: Settings;
    readonly between?: Between;
    readonly seams1?: readonly string[];
    readonly seams2?: readonly string[];
  } = {},
): Promise<Pair> {
  const p1 = await Running.start(directory, 'enterprise', options.p1, options.seams1);
  const direct = peerOf(p1);
  const peer = options.between === undefined ? direct : await options.between(direct);
  const p2 = await Running.start(directory, 'mobile-app', { peer, ...options.p2 }, options.seams2);
  await Promise.all([p1.connected(), p2.connected()]);
  return {
    directory,
    p1,
    p2,
    stop: async () => {
      await Promise.all([p1.stop(), p2.stop()]);
    },
  };
}

/** The address that the other side dials. */
export function peerOf({ url }: Running): string {
  return `${url.replace(/^http/, 'ws')}/peer`;
}
