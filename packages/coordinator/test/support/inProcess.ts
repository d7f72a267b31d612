import { CEREMONIES } from '../../src/ceremonies/index.ts';
import type { Role } from '@quorate/wire';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/index.ts';
import { type AuditLog, Tally } from '../../src/audit/index.ts';
import { createChips } from '../../src/chips/index.ts';
import { Hub } from '../../src/delivery/hub.ts';
import { Outbox } from '../../src/delivery/outbox.ts';
import { REQUEST_LIMITS } from '../../src/limits/defaults.ts';
import { SessionService } from '../../src/session/service.ts';
import { Connection } from '../../src/socket/connection.ts';
import { ConnectionService } from '../../src/socket/connectionService.ts';
import type { Transport } from '../../src/socket/frameWriter.ts';
import { type Fixture, openFixture, PASSWORD, setUpAdmin } from '../auth/support.ts';
import { testChip } from '../chips/support.ts';
import type { Received } from './socket.ts';

/** The server's parts without a network: real store, users, chips, audit log, sessions. */
export interface InProcess extends Fixture {
  readonly service: ConnectionService;
  readonly errors: string[];
  /** When set, the next audit entry of a session cannot be written. */
  readonly fault: { armed: boolean };
  /** A connection that has not registered. */
  open(): Line;
  connect(username: string, role: 'coordinator' | 'participant', extra?: object): Promise<Line>;
  /** Waits until everything that was taken has been stored and answered. */
  idle(): Promise<void>;
}

/** A connection and what came out of it. */
export interface Line {
  readonly connection: Connection;
  readonly sent: string[];
  readonly state: { closed: number | undefined; paused: boolean; buffered: number };
  readonly messages: () => Received[];
  /** Called with the callbacks of frames that the transport has not written yet. */
  readonly unwritten: (() => void)[];
}

export async function openInProcess(
  people: readonly { readonly username: string; readonly roles: readonly Role[] }[],
  /** Leaves connections open whose user was changed: a moment that is short in the product. */
  { lasting = false }: { readonly lasting?: boolean } = {},
): Promise<InProcess> {
  const hub = new Hub();
  const fixture = await openFixture({
    onRevoked: (revoked) => {
      if (!lasting) hub.disconnect(revoked, 4403, 'register again');
    },
  });
  await setUpAdmin(fixture);
  const { auth, audit, clock, database, directory } = fixture;
  const errors: string[] = [];
  const outbox = new Outbox((to, message) => hub.deliver(to, message));
  const key = loadOrCreateKey(join(directory, 'keys', 'chips.pem'), 'p256');
  const onError = (error: unknown): void => void errors.push(String(error));
  const tally = new Tally({ database, audit, clock, onError });
  const chips = createChips({ database, audit, tally, clock, users: auth.users, key });
  for (const person of people) {
    await auth.createUser({ ...person, password: PASSWORD }, 'root');
    if (!person.roles.includes('participant')) continue;
    const chip = testChip();
    const { nonce } = await chips.challenge(person.username);
    await chips.register(
      {
        username: person.username,
        seId: `SE-${person.username}`,
        cpic: chip.cpic,
        publicKey: chip.publicKey,
        nonce,
        proof: chip.prove(nonce),
        label: '',
      },
      person.username,
    );
  }
  const fault = { armed: false };
  const faulty: AuditLog = {
    certify: (destruction) => audit.certify(destruction),
    problem: () => audit.problem(),
    append: async (tx, event) => {
      if (!fault.armed) return audit.append(tx, event);
      fault.armed = false;
      throw new Error('disk full');
    },
  };
  const sessions = new SessionService({
    ceremonies: CEREMONIES,
    tally,
    database,
    users: auth.users,
    chips,
    audit: faulty,
    outbox,
    hub,
    clock,
    language: 'en',
    onError,
    deadlines: { invitation: 120_000, round: 30_000, session: 300_000 },
    limits: REQUEST_LIMITS,
  });
  onTestFinished(() => sessions.stop());
  const service = new ConnectionService({
    database,
    tokens: auth.tokens,
    outbox,
    hub,
    sessions,
    audit,
    tally,
    clock,
    language: 'en',
    onError,
  });
  const logger = {
    debug: () => undefined,
    error: (details: object, message: string) =>
      void errors.push(`${message} ${JSON.stringify(details)}`),
  };
  const idle = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn += 1) {
      // It shares the fate of its group.
      await database.transaction(async () => undefined).catch(() => undefined);
      await database.read(async () => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const open = (): Line => {
    const sent: string[] = [];
    const unwritten: (() => void)[] = [];
    const state: Line['state'] = { closed: undefined, paused: false, buffered: 0 };
    const transport: Transport = {
      get buffered() {
        return state.buffered;
      },
      send: (text, written) => {
        sent.push(text);
        if (state.buffered === 0) written();
        else unwritten.push(written);
      },
      close: (code) => void (state.closed = code),
      pause: () => void (state.paused = true),
      resume: () => void (state.paused = false),
    };
    const connection = new Connection({
      service,
      transport,
      remote: 'here',
      logger,
      registerTimeout: 10_000,
    });
    const messages = (): Received[] =>
      sent.flatMap((text) => {
        const value: unknown = JSON.parse(text);
        return (Array.isArray(value) ? value : [value]) as Received[];
      });
    return { connection, sent, state, messages, unwritten };
  };
  return {
    ...fixture,
    service,
    errors,
    fault,
    idle,
    open,
    connect: async (username, role, extra = {}) => {
      const line = open();
      const { token } = await auth.issueToken({ username, lifetime: 86_400_000, actor: 'root' });
      line.connection.receive(
        JSON.stringify({ type: 'register', username, role, token, ...extra }),
      );
      while (line.sent.length === 0) await idle();
      return line;
    },
  };
}
