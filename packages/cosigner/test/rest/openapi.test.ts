// Every operation and every status and code of the OpenAPI document, provoked against running servers.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Cosigner, createCosigner, loadCosignerConfig, makeToken } from '../../src/index.ts';
import { type Pair, startPair } from '../support/pair.ts';
import type { Side } from '../support/configuration.ts';
import {
  makeStores,
  removeStores,
  rewriteRecords,
  type Settings,
  stockPrimes,
  writeConfig,
} from '../support/stores.ts';
import { type Operation, Provoker } from '../support/provoker.ts';

const ID = '0123456789abcdef0123456789abcdef';
const ROLES = ['operator', 'signer', 'approver', 'viewer'] as const;
const [KEYGEN, SIGN, REFRESH] = ['keygen', 'sign', 'refresh'].map(
  (name) => `/api/v1/${name}/two-party`,
) as [string, string, string];
const PARTNER: Record<Side, Side> = { enterprise: 'mobile-app', 'mobile-app': 'enterprise' };

/** Keys that are not usable, made of the one that is. */
const STATES = {
  locked: { lock: { state: 'refreshable', reopened: 0, session_id: ID, at: 1 } },
  retired: { lock: { state: 'terminal', reopened: 0, session_id: ID, at: 1 } },
  rolled_back: { rolled_back: true },
  others: { partner_identity: `04${'11'.repeat(64)}` },
  pending: { state: 'pending' },
} as const;
const retirement = (id: string): string => `/api/v1/keys/${id}/retire`;
const idOf = (state: keyof typeof STATES): string =>
  Buffer.from(state.padEnd(16, '.')).toString('hex');

describe('the OpenAPI document', () => {
  let directory: string;
  let provoker: Provoker;
  let key: string;
  let address: string;
  const tokens = new Map<Side, string>();

  const tokenOf = (side: Side, roles: readonly (typeof ROLES)[number][]): Promise<string> =>
    makeToken(loadCosignerConfig(join(directory, `${side}.yaml`)), { name: 'x', roles }, 600);
  /** Asks one side with every role. */
  const ask = async (side: Side, url: string, path: string, body?: object) => {
    const token = tokens.get(side) ?? '';
    return provoker.call(url, path, { token, ...(body === undefined ? {} : { body }) });
  };
  const ordersOf = (side: Side, id: string): [string, object][] => [
    [KEYGEN, { partner: PARTNER[side] }],
    [SIGN, { partner: PARTNER[side], session_id: id, message: 'x' }],
    [REFRESH, { partner: PARTNER[side], session_id: id }],
  ];
  const sessionOf = ({ body }: { body: unknown }): string =>
    z.object({ session_id: z.string() }).parse(body).session_id;

  beforeAll(async () => {
    directory = await makeStores();
    for (const side of ['enterprise', 'mobile-app'] as const) {
      tokens.set(side, await tokenOf(side, ROLES));
    }
    const pair = await startPair(directory);
    provoker = await Provoker.read(pair.p1.url);
    await makeKey(pair);
    await pair.stop();
    await stockPrimes(directory, 2048, 'fresh');
  });

  afterAll(() => removeStores(directory));

  async function makeKey({ p1, p2 }: Pair): Promise<void> {
    const order = { partner: 'mobile-app', request_id: 'k' };
    key = sessionOf(await ask('enterprise', p1.url, KEYGEN, order));
    await Promise.all([p1.over(key), p2.over(key)]);
    // The same request again: it is done.
    await ask('enterprise', p1.url, KEYGEN, order);
    for (const path of [KEYGEN, SIGN, REFRESH]) {
      const other = { partner: 'nobody', request_id: 'k', session_id: key, message: 'x' };
      const { session_id: _, message: __, ...keygen } = other;
      const { message: ___, ...refresh } = other;
      await ask('enterprise', p1.url, path, { [KEYGEN]: keygen, [SIGN]: other }[path] ?? refresh);
    }
  }

  test('has what is done with two sides that a person watches', async () => {
    const pair = await startPair(directory, {
      p1: { max_sessions: 2 },
      p2: { approval: 'prompt' },
    });
    try {
      await withPeople(pair);
    } finally {
      await pair.stop();
    }
  });

  async function withPeople({ p1, p2 }: Pair): Promise<void> {
    const enterprise = (path: string, body?: object) => ask('enterprise', p1.url, path, body);
    const mobile = (path: string, body?: object) => ask('mobile-app', p2.url, path, body);
    const waiting = async (id: string): Promise<string> => {
      const look = () => p2.request(`/api/v1/sessions/${id}`).then((response) => response.json());
      const asks = z.looseObject({ status: z.literal('awaiting_approval') });
      await p2.until(look, (view) => asks.safeParse(view).success);
      return `/api/v1/sessions/${id}`;
    };
    const refresh = { partner: 'mobile-app', session_id: key, request_id: 'r' };
    const refreshing = sessionOf(await enterprise(REFRESH, refresh));
    await enterprise(REFRESH, { ...refresh, request_id: 'r2' });
    await mobile(REFRESH, { partner: 'enterprise', session_id: key });
    const sign = { partner: 'mobile-app', session_id: key, message: 'pay 5' };
    const signing = sessionOf(await enterprise(SIGN, sign));
    for (const [path, body] of ordersOf('enterprise', key)) await enterprise(path, body);
    const asked = await waiting(signing);
    await mobile(`${asked}/approve`, { digest: `0x${'11'.repeat(32)}` });
    await mobile(`${asked}/decline`, { reason: 'no' });
    await mobile(`${await waiting(refreshing)}/approve`, {});
    const ends = await Promise.all([p1.over(refreshing), p2.over(refreshing), p1.over(signing)]);
    expect(ends.map(({ status }) => status)).toEqual(['completed', 'completed', 'aborted']);
    for (const decision of ['approve', 'decline']) {
      await mobile(`/api/v1/sessions/${key}/${decision}`, {});
      await mobile(`/api/v1/sessions/${ID}/${decision}`, {});
    }
    await enterprise(REFRESH, refresh);
    // What this side asks for itself, nobody else is asked about.
    await mobile(SIGN, { ...sign, partner: 'enterprise', wait: 60 });
    await enterprise(`/api/v1/sessions/${key}`);
    await enterprise(`/api/v1/sessions/${ID}`);
    for (const path of ['/api/v1/sessions', '/api/v1/keys']) await enterprise(path);
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/openapi.json']) {
      await provoker.call(p1.url, path);
    }
  }

  /** A server that no partner is connected to, in this process. */
  async function alone(
    side: Side,
    settings: Settings,
    use: (url: string, cosigner: Cosigner) => Promise<void>,
  ): Promise<void> {
    const cosigner = await createCosigner(writeConfig(directory, side, settings));
    try {
      await use(await cosigner.listen(), cosigner);
    } finally {
      await cosigner.close();
    }
  }

  test('lists the refusals of bad tokens, bodies and parameters', async () => {
    await alone('enterprise', {}, async (url) => {
      for (const operation of provoker.operations) await refusals(url, operation);
      const token = tokens.get('enterprise') ?? '';
      await provoker.call(url, '/api/v1/sessions?limit=0', { token });
      await provoker.call(url, '/api/v1/sessions/no-id', { token });
    });
  });

  async function refusals(url: string, { path, roles, takesBody }: Operation): Promise<void> {
    const concrete = path.replace('{session_id}', ID);
    const body = takesBody ? { body: {} } : {};
    if (roles.length === 0) return;
    await provoker.call(url, concrete, body);
    const others = ROLES.filter((role) => !roles.includes(role));
    if (others.length > 0) {
      await provoker.call(url, concrete, { ...body, token: await tokenOf('enterprise', others) });
    }
    if (!takesBody) return;
    const token = tokens.get('enterprise') ?? '';
    await provoker.call(url, concrete, { token, text: 'x', contentType: 'text/plain' });
    await provoker.call(url, concrete, { token, text: 'x'.repeat(300_000) });
    await provoker.call(url, concrete, { token, body: { no_such_field: 1 } });
  }

  test('has every state of a key that is not usable, and what this server does not do', async () => {
    for (const side of ['enterprise', 'mobile-app'] as const) {
      await rewriteRecords(directory, side, (record) => {
        expect(record.session_id).toBe(key);
        address = record.address;
        // P1 keeps no key that it did not confirm.
        const states = Object.entries(STATES).filter(
          ([state]) => !(state === 'pending' && side === 'enterprise'),
        );
        return states.map(([state, change]) => {
          const id = idOf(state as keyof typeof STATES);
          return { ...record, session_id: id, ...change };
        });
      });
    }
    await alone('enterprise', {}, async (url) => {
      for (const state of ['locked', 'retired', 'rolled_back', 'others'] as const) {
        const [, sign, refresh] = ordersOf('enterprise', idOf(state));
        // A refresh opens what is locked or was rolled back.
        const opens = state === 'locked' || state === 'rolled_back';
        for (const order of [sign, ...(opens ? [] : [refresh])]) {
          if (order !== undefined) await ask('enterprise', url, ...order);
        }
      }
      for (const [path, body] of ordersOf('enterprise', ID)) {
        await ask('enterprise', url, path, { ...body, partner: 'nobody' });
        if (path !== KEYGEN) await ask('enterprise', url, path, body);
      }
      await provoker.call(url, '/readyz');
      const other = { address: `0x${'11'.repeat(20)}` };
      await ask('enterprise', url, retirement(ID), other);
      await ask('enterprise', url, retirement(key), other);
      await ask('enterprise', url, retirement(idOf('others')), { address });
    });
    await alone('mobile-app', { peer: 'ws://127.0.0.1:1/peer' }, async (url) => {
      for (const order of ordersOf('mobile-app', idOf('pending')).slice(1)) {
        await ask('mobile-app', url, ...order);
      }
      await ask('mobile-app', url, retirement(idOf('pending')), { address });
    });
    for (const capability of ['keygen', 'sign']) {
      await alone('enterprise', { capabilities: [capability] }, async (url) => {
        for (const [path, body] of ordersOf('enterprise', key)) {
          if (path.includes('sign') === (capability === 'sign')) continue;
          await ask('enterprise', url, path, body);
        }
      });
    }
  });

  test('has the answer to requests that a stop overtakes: 503, nothing begun, no connection cut', async () => {
    await alone('enterprise', {}, async (url, cosigner) => {
      const token = tokens.get('enterprise') ?? '';
      const finish = await Promise.all(
        [...ordersOf('enterprise', key), [retirement(key), { address }] as const].map(
          ([path, body]) => provoker.hold(url, path, body, token),
        ),
      );
      const closed = cosigner.close();
      const answers = await Promise.all(finish.map((send) => send()));
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
      await closed;
    });
  });

  test('promises exactly what was provoked here, no status more and none less', () => {
    expect([...provoker.seen].sort()).toEqual(provoker.promised.sort());
  });
});
