import type { Logger } from '@quorate/holder';
import type { LogFields } from '../../../holder/src/logger.ts';
import { randomBytes } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CoordinatorServer, createServer } from '@quorate/coordinator';
import { fromHex, signRoster, toHex } from '@quorate/intent';
import {
  ApduSecureElement,
  createVirtualChip,
  openVirtualSecureElement,
  type SecureElement,
} from '@quorate/secure-element';
import { onTestFinished } from 'vitest';
import { CHEAP } from '../../../../test/support/passwordCost.ts';
import { createAgent } from '../../src/createAgent.ts';
import type { Agent, AgentOptions } from '../../src/agentTypes.ts';
import type { OutcomeOf } from '../../src/client/ceremonies/index.ts';
import { CoordinatorClient } from '../../src/client/client.ts';
import { initAgent } from '../../src/init.ts';
import { readAgentRecords } from '../../src/records/agentJournal.ts';
import type { KeyRecord } from '../../src/records/keyRecord.ts';
import { openPins } from '../../src/roster/pins.ts';
import {
  lastingDirectory,
  temporaryDirectory,
} from '../../../../test/support/temporaryDirectory.ts';
import type { Finished } from '../../../../test/support/finished.ts';
import { Proxy } from './proxy.ts';
import { rosterPublicKey } from './rosterKey.ts';

/** The digest that `Cluster.sign` has signed. */
export const DATA = '5'.repeat(64);

export const PIN = Buffer.from('135790');
const PASSPHRASE = Buffer.from('a passphrase');
const PASSWORD = 'correct horse battery';

/** How a cluster is made differently. */
export type ClusterOptions = Partial<Parameters<typeof createServer>[0]> & {
  /** Opens the chips of people who have no virtual one; not personalised at the first opening, with `PIN`. */
  readonly chips?: Readonly<Record<string, () => Promise<SecureElement>>>;
};

/** One participant of the cluster: what is on its disk, and its running agent. */
export interface Member {
  readonly username: string;
  readonly index: number;
  readonly directory: string;
  readonly chipFile: string;
  readonly seId: string;
  readonly token: string;
  readonly log: string[];
  agent: Agent;
}

/** How a member's agent is made differently. */
export type Change = Partial<Omit<AgentOptions, 'directory'>>;

/** A real coordinator and real agents with virtual chips, all on the loopback. */
export class Cluster {
  readonly directory: string;
  readonly members: Member[] = [];
  /** Between the agents and the coordinator; the coordinator's client goes without it. */
  readonly proxy: Proxy = new Proxy();
  server!: CoordinatorServer;
  client!: CoordinatorClient;
  coordinatorToken = '';
  adminToken = '';
  readonly rosterSecret: Uint8Array = new Uint8Array(randomBytes(32));
  readonly #options: Omit<ClusterOptions, 'chips'>;
  readonly #chips: NonNullable<ClusterOptions['chips']>;
  readonly #children = new Set<ChildProcess>();
  #port = 0;
  #hasStore = false;

  constructor(directory: string, { chips = {}, ...options }: ClusterOptions) {
    this.directory = directory;
    this.#options = options;
    this.#chips = chips;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.#port}/ws`;
  }

  /** Starts the coordinator; again on the same port and store after `stopServer`. */
  async startServer(): Promise<void> {
    this.server = await createServer({
      dataDirectory: join(this.directory, 'coordinator'),
      init: !this.#hasStore,
      port: this.#port,
      passwordCost: CHEAP,
      ...this.#options,
    });
    this.#hasStore = true;
    const { wsUrl } = await this.server.listen();
    this.#port = Number(new URL(wsUrl).port);
  }

  async post<T>(path: string, body: object, token = this.adminToken): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1${path}`, {
      headers: { authorization: `Bearer ${this.adminToken}` },
    });
    return JSON.parse(await response.text());
  }

  async user(username: string, roles: string[]): Promise<string> {
    await this.post('/users', { username, roles });
    const { token } = await this.post<{ token: string }>(
      `/users/${encodeURIComponent(username)}/tokens`,
      { expires_in: 3600 },
    );
    return token;
  }

  async setUp(usernames: readonly string[]): Promise<void> {
    await this.startServer();
    await this.proxy.listen(() => this.wsUrl);
    const token = this.server.setupToken;
    const admin = { username: 'admin', password: PASSWORD };
    await this.post('/setup', { token, ...admin });
    const login = await this.post<{ access_token: string }>('/auth/login', admin);
    this.adminToken = login.access_token;
    this.coordinatorToken = await this.user('carol', ['coordinator']);
    const { public_key } = await this.get<{ public_key: string }>('/authorisation-key');
    for (const [at, username] of usernames.entries()) {
      this.members.push(await this.#enrol(username, at + 1, fromHex(public_key)));
    }
    this.importRoster(1);
    await this.#startAll();
  }

  /** Starts from what another cluster, which is closed, left on its disk. */
  async continue(original: Cluster): Promise<void> {
    cpSync(original.directory, this.directory, { recursive: true });
    this.#hasStore = true;
    this.adminToken = original.adminToken;
    this.coordinatorToken = original.coordinatorToken;
    this.rosterSecret.set(original.rosterSecret);
    for (const [username, key] of original.chipKeys) this.chipKeys.set(username, key);
    await this.startServer();
    await this.proxy.listen(() => this.wsUrl);
    for (const member of original.members) {
      const moved = (path: string): string => path.replace(original.directory, this.directory);
      const directory = moved(member.directory);
      const file = join(directory, 'config.yaml');
      const config = readFileSync(file, 'utf8');
      writeFileSync(file, config.replace(original.proxy.url, this.proxy.url));
      const chipFile = moved(member.chipFile);
      this.members.push({ ...member, directory, chipFile, log: [] });
    }
    await this.#startAll();
  }

  async #startAll(): Promise<void> {
    await Promise.all(this.members.map((member) => this.start(member)));
    this.client = this.makeClient();
    await this.client.connect();
  }

  makeClient(): CoordinatorClient {
    return new CoordinatorClient({
      url: this.wsUrl,
      username: 'carol',
      token: async () => this.coordinatorToken,
      backoff: soon,
    });
  }

  /** Gives every agent that is not running the roster of all chips. */
  importRoster(serial: number): void {
    for (const member of this.members) {
      openPins(join(member.directory, 'pins.json')).importRoster(this.roster(serial));
    }
  }

  roster(serial: number, chips: Record<string, Uint8Array> = {}): string {
    const entries = this.members.map(({ username }) => ({
      username,
      chipPublicKey: chips[username] ?? this.chipKeys.get(username)!,
    }));
    return JSON.stringify(signRoster({ serial, issuedAt: 1, entries }, this.rosterSecret));
  }

  readonly chipKeys: Map<string, Uint8Array> = new Map();

  async #enrol(username: string, index: number, authorisationKey: Uint8Array): Promise<Member> {
    const directory = join(this.directory, `agent-${index}`);
    const chipFile = join(this.directory, `chip-${index}`, 'chip.sealed');
    const token = await this.user(username, ['participant']);
    const fresh = { file: chipFile, passphrase: PASSPHRASE, scryptCost: 1024 };
    const chip =
      (await this.#chips[username]?.()) ??
      new ApduSecureElement(await createVirtualChip(fresh), { kind: 'virtual' });
    await chip.personalise(authorisationKey, PIN);
    await chip.verifyPin(PIN);
    const { nonce } = await this.post<{ nonce: string }>('/chips/challenge', {}, token);
    const publicKey = await chip.publicKey();
    const seId = `SE-${index}`;
    await this.post(
      '/chips',
      {
        username,
        se_id: seId,
        cpic: toHex(await chip.cplc()),
        public_key: `0x${toHex(publicKey)}`,
        nonce,
        proof: Buffer.from(await chip.register(fromHex(nonce))).toString('base64'),
      },
      token,
    );
    await chip.close();
    this.chipKeys.set(username, publicKey);
    initAgent({
      directory,
      url: this.proxy.url,
      username,
      approval: 'auto',
      rosterKey: rosterPublicKey(this.rosterSecret),
      settings: { se_id: seId, allow_destroy: true },
    });
    const agent = undefined as unknown as Agent;
    return { username, index, directory, chipFile, seId, token, agent, log: [] };
  }

  openChip(member: Member): Promise<SecureElement> {
    const opener = this.#chips[member.username];
    if (opener !== undefined) return opener();
    return openVirtualSecureElement({ file: member.chipFile, passphrase: PASSPHRASE });
  }

  /** Starts a member's agent and waits until it is registered. */
  async start(member: Member, change: Change = {}): Promise<Agent> {
    const agent = await createAgent({
      directory: member.directory,
      chip: change.chip ?? (await this.openChip(member)),
      pin: async () => Uint8Array.from(PIN),
      token: async () => member.token,
      logger: recorder(member.log),
      ...change,
    });
    member.agent = agent;
    agent.start();
    await agent.registered();
    return agent;
  }

  /** Starts a member's agent as a process of its own, configured by its directory alone. */
  async spawn(member: Member): Promise<ChildProcess> {
    const write = (name: string, content: Uint8Array | string): void =>
      writeFileSync(join(member.directory, name), content, { mode: 0o600 });
    write('pin', PIN);
    write('chip-passphrase', PASSPHRASE);
    write('token', member.token);
    const config = readFileSync(join(member.directory, 'config.yaml'), 'utf8');
    write(
      'config.yaml',
      config.replace('kind: virtual\n', `kind: virtual\n  file: ${member.chipFile}\n`),
    );
    const program = fileURLToPath(new URL('agentProcess.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, member.directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {},
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)));
    });
    return child;
  }

  async restart(member: Member, change: Change = {}): Promise<Agent> {
    await member.agent.close();
    return this.start(member, change);
  }

  /** Makes a key of everybody; gives its address. */
  async keygen(session_key: string, threshold = 2): Promise<string> {
    const participants = this.members.map((member) => member.username);
    const total_parts = participants.length;
    const order = { session_key, threshold, total_parts, participants };
    return (await this.client.ask('keygen', order)).address;
  }

  /** Asks these people for a signature of a fixed digest. */
  async sign(
    session_key: string,
    address: string,
    participants: string[],
    change: object = {},
  ): Promise<string> {
    const { threshold, total_parts } = await this.get<{ threshold: number; total_parts: number }>(
      `/keys/${address}`,
    );
    const order = { session_key, threshold, total_parts, data: DATA, address, participants };
    return (await this.client.ask('sign', { ...order, ...change })).signature;
  }

  /** Asks everybody, or these people, to destroy their shards. */
  destroy(
    session_key: string,
    address: string,
    change: { threshold?: number; participants?: string[]; reason?: string } = {},
  ): Promise<OutcomeOf<'destroy'>> {
    const participants = this.members.map((member) => member.username);
    return this.client.ask('destroy', {
      session_key,
      threshold: 2,
      total_parts: participants.length,
      address,
      reason: 'the office is closed',
      participants,
      ...change,
    });
  }

  member(username: string): Member {
    return this.members.find((one) => one.username === username)!;
  }

  /** Copies what is on a member's disk, as a backup would. The agent must not run. */
  backUp(member: Member): () => void {
    const copy = `${member.directory}.backup`;
    cpSync(member.directory, copy, { recursive: true });
    return () => {
      rmSync(member.directory, { recursive: true });
      cpSync(copy, member.directory, { recursive: true });
    };
  }

  async close(): Promise<void> {
    await this.client?.close();
    await Promise.all([...this.#children].map(kill));
    this.proxy.close();
    for (const member of this.members) await member.agent?.close();
    await this.server.close();
  }
}

/** The disk of a cluster with a key, and the memory of its people. */
interface Kept {
  readonly cluster: Cluster;
  readonly address: string;
}

const kept = new Map<string, Promise<Kept>>();

async function makeKept(usernames: readonly string[]): Promise<Kept> {
  const cluster = new Cluster(lastingDirectory(), {});
  await cluster.setUp(usernames);
  const address = await cluster.keygen('k1');
  await cluster.close();
  return { cluster, address };
}

/** A cluster of these participants, who hold a 2-of-n key made in session `k1`, as it is after a restart. */
export async function startClusterWithKey(
  usernames: readonly string[],
  options: Omit<ClusterOptions, 'chips'> = {},
  finished: Finished = onTestFinished,
): Promise<{ readonly cluster: Cluster; readonly address: string }> {
  const name = usernames.join();
  const made = kept.get(name) ?? makeKept(usernames);
  kept.set(name, made);
  const { cluster: original, address } = await made;
  const cluster = new Cluster(temporaryDirectory(), options);
  finished(() => cluster.close());
  await cluster.continue(original);
  return { cluster, address };
}

/** Reconnects at once. */
const soon = { next: () => 20, reset: () => undefined };

/** A cluster of these participants that is closed when the test, or what `finished` waits for, is over. */
export async function startCluster(
  usernames: readonly string[],
  options: ClusterOptions = {},
  finished: Finished = onTestFinished,
): Promise<Cluster> {
  const cluster = new Cluster(temporaryDirectory(), options);
  finished(() => cluster.close());
  await cluster.setUp(usernames);
  return cluster;
}

/** The record of a key as a member's agent has it on disk. */
export function keyOnDisk({ directory }: Member, address: string): KeyRecord {
  const key = readAgentRecords(directory).keyByAddress(address);
  if (key === undefined) throw new Error(`no key ${address} on disk`);
  return key;
}

function recorder(lines: string[]): Logger {
  const write = (fields: LogFields, message: string): void => {
    lines.push(JSON.stringify({ ...fields, message }));
  };
  return { debug: write, info: write, warn: write, error: write };
}

/** Kills a process as a power cut does, and waits until it is gone. */
export function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
