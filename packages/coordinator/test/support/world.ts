import { join } from 'node:path';
import { fromHex, toHex } from '@quorate/intent';
import { ApduSecureElement, createVirtualChip, type SecureElement } from '@quorate/secure-element';
import { CHEAP } from '../../../../test/support/passwordCost.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { ServerOptions } from '../../src/options.ts';
import type { CoordinatorServer } from '../../src/running.ts';
import { createServer } from '../../src/server.ts';
import { type TestClock, testClock } from './clock.ts';
import { type Received, TestSocket } from './socket.ts';

const PIN = new TextEncoder().encode('123456');
const PASSWORD = 'a long enough passphrase';

/** A person with a real virtual chip. */
export interface Person {
  readonly username: string;
  readonly seId: string;
  readonly cpic: string;
  readonly publicKey: Uint8Array;
  readonly chip: SecureElement;
}

/** A server with real users and chips, over the network interface of this machine. */
export interface World {
  readonly clock: TestClock;
  readonly directory: string;
  readonly people: readonly Person[];
  server: CoordinatorServer;
  person(username: string): Person;
  token(username: string): Promise<string>;
  rest(method: string, path: string, body?: object, as?: string): Promise<RestAnswer>;
  /** The audit log, as an administrator exports it. */
  exportAudit(): Promise<string>;
  /** Opens a socket and registers; `extra` are fields of the register message. */
  connect(
    username: string,
    role: 'coordinator' | 'participant',
    extra?: object,
  ): Promise<TestSocket & { readonly welcome: Received }>;
  /** Stops the server and starts another one over the same directory. */
  restart(change?: Partial<ServerOptions>): Promise<void>;
  addPerson(username: string): Promise<Person>;
  end(): Promise<void>;
}

interface RestAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export async function openWorld(
  names: readonly string[],
  options: Partial<ServerOptions> = {},
): Promise<World> {
  const directory = temporaryDirectory();
  const clock = testClock();
  const { world, tokens } = await worldOver({ directory, clock, people: [] }, options, true);
  await setUp(world);
  tokens.set('admin', logIn(world));
  await world.rest('POST', '/users', { username: 'coordinator', roles: ['coordinator'] });
  for (const name of names) await world.addPerson(name);
  return world;
}

/** The state in which a world was left. */
interface Left {
  readonly directory: string;
  readonly clock: TestClock;
  readonly people: Person[];
}

/** A server over the directory of an earlier world, with its people. */
export async function reopenWorld(left: Left): Promise<World> {
  const { world, tokens } = await worldOver(left, {}, false);
  tokens.set('admin', logIn(world));
  return world;
}

async function worldOver(
  { directory, clock, people }: Left,
  options: Partial<ServerOptions>,
  init: boolean,
): Promise<{ readonly world: World; readonly tokens: Map<string, Promise<string>> }> {
  const start = async (change: Partial<ServerOptions>): Promise<CoordinatorServer> => {
    const server = await createServer({
      dataDirectory: join(directory, 'data'),
      port: 0,
      clock,
      lifetimes: { access: 30 * 86_400_000, refresh: 30 * 86_400_000 },
      passwordCost: CHEAP,
      ...options,
      ...change,
    });
    await server.listen();
    return server;
  };
  const tokens = new Map<string, Promise<string>>();
  const world: World = {
    clock,
    directory,
    people,
    server: await start({ init }),
    person: (username) => {
      const found = people.find((person) => person.username === username);
      if (found === undefined) throw new Error(`no ${username}`);
      return found;
    },
    token: (username) => {
      const made = tokens.get(username) ?? issue(world, username);
      tokens.set(username, made);
      return made;
    },
    rest: async (method, path, body, as = 'admin') => {
      const answer = await fetch(`${world.server.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await world.token(as)}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
      return { status: answer.status, body: parsed };
    },
    exportAudit: async () => {
      const headers = { authorization: `Bearer ${await world.token('admin')}` };
      const answer = await fetch(`${world.server.url}/api/v1/audit/export`, { headers });
      return answer.text();
    },
    connect: async (username, role, extra = {}) => {
      const socket = await TestSocket.open(world.server.wsUrl);
      const token = await world.token(username);
      socket.send({ type: 'register', username, role, token, ...extra });
      const welcome = await socket.next('register_complete');
      if (welcome['success'] !== true) throw new Error(JSON.stringify(welcome));
      return Object.assign(socket, { welcome });
    },
    restart: async (change = {}) => {
      await world.server.close();
      world.server = await start(change);
    },
    addPerson: async (username) => {
      const person = await enrol(world, username);
      people.push(person);
      return person;
    },
    end: async () => {
      await world.server.close();
      for (const { chip } of people) await chip.close();
    },
  };
  return { world, tokens };
}

async function setUp(world: World): Promise<void> {
  const { setupToken } = world.server;
  await post(world, '/setup', { token: setupToken, username: 'admin', password: PASSWORD });
}

async function logIn(world: World): Promise<string> {
  const login = await post(world, '/auth/login', { username: 'admin', password: PASSWORD });
  return String(login['access_token']);
}

async function post(world: World, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${world.server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const parsed = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(parsed)}`);
  return parsed;
}

async function issue(world: World, username: string): Promise<string> {
  const path = `/users/${encodeURIComponent(username)}/tokens`;
  const { status, body } = await world.rest('POST', path, { expires_in: 86_400 });
  if (status >= 300) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return String(body['token']);
}

async function enrol(world: World, username: string): Promise<Person> {
  const made = await world.rest('POST', '/users', { username, roles: ['participant'] });
  if (made.status >= 300) throw new Error(JSON.stringify(made.body));
  const transport = await createVirtualChip({
    file: join(world.directory, 'chips', `${encodeURIComponent(username)}.sealed`),
    passphrase: new TextEncoder().encode(username),
    scryptCost: 2 ** 10,
  });
  const chip = new ApduSecureElement(transport, { kind: 'virtual' });
  const key = await world.rest('GET', '/authorisation-key');
  await chip.personalise(fromHex(String(key.body['public_key'])), PIN);
  await chip.verifyPin(PIN);
  const publicKey = await chip.publicKey();
  const cpic = toHex(await chip.cplc());
  const { body } = await world.rest('POST', '/chips/challenge', {});
  const nonce = String(body['nonce']);
  const seId = `SE-${username}`;
  const registered = await world.rest('POST', '/chips', {
    username,
    se_id: seId,
    cpic,
    public_key: `0x${toHex(publicKey)}`,
    nonce,
    proof: Buffer.from(await chip.register(fromHex(nonce))).toString('base64'),
  });
  if (registered.status >= 300) throw new Error(JSON.stringify(registered.body));
  return { username, seId, cpic, publicKey, chip };
}
