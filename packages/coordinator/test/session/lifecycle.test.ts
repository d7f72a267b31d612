import { join } from 'node:path';
import { LIMITS } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditVerify } from '../../src/index.ts';
import { open } from '../../src/ceremonies/keygen/request.ts';
import type { RequestContext } from '../../src/session/ceremony.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import {
  acceptAll,
  destroyRequest,
  freshKey,
  keygenRequest,
  type MadeKey,
  makeKey,
  ofSession,
  runRounds,
  signRequest,
} from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { openOfficeWithKey } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];
const DIGEST = 'ab'.repeat(32);

let world: World;
let coordinator: TestSocket;
let holders: Participant[];
let key: MadeKey;

beforeAll(async () => {
  ({ world, coordinator, participants: holders, key } = await openOfficeWithKey(NAMES, 2));
});

afterAll(() => world.end());

async function refusal(request: Record<string, unknown>): Promise<Received> {
  coordinator.send(request);
  return coordinator.next('error', ofSession(request['session_key']));
}

const mark = async (username: string, state: string): Promise<void> => {
  const { status } = await world.rest('PATCH', `/chips/SE-${username}`, { state });
  expect(status).toBe(200);
};

/** Runs with a chip in another state, and puts it back. */
async function whileMarked(
  username: string,
  state: string,
  work: () => Promise<void>,
): Promise<void> {
  await mark(username, state);
  await work();
  await mark(username, 'active');
}

describe('a chip that is not active', () => {
  test.each(['lost', 'disabled'])(
    'stops new sessions while it is %s, and is named',
    async (state) => {
      await whileMarked('bob', state, async () => {
        const named = { code: 'chip_unavailable', details: `the chip SE-bob of bob is ${state}` };
        expect(await refusal(keygenRequest(NAMES, 2))).toMatchObject(named);
        expect(await refusal(signRequest(key, ['alice', 'bob'], DIGEST))).toMatchObject(named);
        expect(await refusal(destroyRequest(key, NAMES))).toMatchObject(named);
      });
    },
  );

  test('ends its sessions when it is marked, whatever they wait for, and no others', async () => {
    const keygen = keygenRequest(NAMES, 2);
    const running = signRequest(key, ['alice', 'bob'], DIGEST);
    const others = signRequest(key, ['alice', 'carol'], DIGEST);
    const destroy = destroyRequest(key, NAMES);
    coordinator.send(running);
    const signers = holders.slice(0, 2);
    const params = await acceptAll(signers, 'sign', key, String(running['session_key']));
    await runRounds(signers, params, 1);
    for (const request of [keygen, others, destroy]) coordinator.send(request);
    for (const kind of ['keygen_invite', 'destroy_invite', 'sign_invite']) {
      await holders[2]!.socket.next(kind);
    }
    await whileMarked('bob', 'lost', async () => {
      for (const request of [keygen, running, destroy]) {
        const error = await coordinator.next('error', ofSession(request['session_key']));
        expect(error).toMatchObject({ code: 'chip_unavailable' });
        expect(error['details']).toBe('the chip SE-bob of bob is lost (bob)');
      }
      await coordinator.next('keygen_complete', ofSession(keygen['session_key']));
      expect(
        (await world.rest('GET', `/sessions/${String(others['session_key'])}`)).body,
      ).toMatchObject({
        state: 'invited',
      });
    });
  });

  test('a signature that somebody may hold ends as unknown when the chip of a signer is lost', async () => {
    const request = signRequest(key, ['alice', 'bob'], DIGEST);
    coordinator.send(request);
    const signers = holders.slice(0, 2);
    const params = await acceptAll(signers, 'sign', key, String(request['session_key']));
    await runRounds(signers, params, 3);
    await whileMarked('bob', 'lost', async () => {
      const error = await coordinator.next('error', ofSession(request['session_key']));
      expect(error).toMatchObject({ code: 'unknown_outcome' });
    });
  });
});

describe('one chip', () => {
  test('1.9.14 never gets two shards of one key, even if a registry gives it to two people', async () => {
    const chip = {
      seId: 'SE-shared',
      username: 'alice',
      cpic: 'ab'.repeat(42),
      publicKey: holders[0]!.person.publicKey,
      state: 'active',
      label: '',
    } as const;
    const database = await openDatabase(join(world.directory, 'empty', 'quorate.db'));
    const context: RequestContext = {
      users: { find: async () => ({ username: 'x', roles: ['participant'], state: 'active' }) },
      chips: {
        activeChipOf: async () => chip,
        find: async () => chip,
        latestChipOf: async () => chip,
        authorise: () => '',
      },
      deadlines: { invitation: 1, round: 1, session: 1 },
      language: 'en',
    };
    const request = {
      type: 'keygen_request',
      session_key: freshKey(),
      threshold: 2,
      total_parts: 2,
      participants: ['alice', 'bob'],
    } as const;
    const user = { username: 'coordinator', roles: ['coordinator'], state: 'active' } as const;
    const asker = { username: 'coordinator', at: 1, user };
    const answer = await database.read((tx) =>
      open(tx, context, asker, { ...request, participants: [...request.participants] }),
    );
    expect(answer).toMatchObject({
      code: 'invalid_participants',
      details: 'the chip SE-shared would hold two shards of one key',
    });
    await database.close();
  });
});

describe('a destruction with a chip that is gone', () => {
  test('is refused when as many chips are gone as it takes to sign', async () => {
    await whileMarked('alice', 'lost', async () => {
      await whileMarked('bob', 'lost', async () => {
        const error = await refusal(destroyRequest(key, ['carol']));
        expect(error).toMatchObject({ code: 'too_many_absent' });
        expect(error['details']).toBe(
          'at most 1 of its chips may be lost or destroyed, 2 are: SE-alice of alice, SE-bob of bob',
        );
      });
    });
  });

  test('shows the others who is not asked, waits for a chip until it is given up, and takes its word later', async () => {
    const made = await makeKey(world, coordinator, holders, 3);
    await mark('carol', 'lost');
    const [alice, bob] = holders as [Participant, Participant];
    const request = destroyRequest(made, ['alice', 'bob']);
    coordinator.send(request);
    const params: Received[] = [];
    for (const holder of [alice, bob]) {
      const invite = await holder.socket.next('destroy_invite', ofSession(request['session_key']));
      expect(invite).toMatchObject({
        participants: ['alice', 'bob'],
        absent: [{ username: 'carol', part_index: 3, chip_state: 'lost' }],
      });
      holder.socket.send(await holder.response(invite, made));
    }
    for (const holder of [alice, bob]) {
      params.push(await holder.socket.next('destroy_params', ofSession(request['session_key'])));
    }
    await alice.destroy(params[0]!);
    alice.socket.send(await alice.destroyResult(params[0]!, made));
    await alice.socket.settled();
    await mark('bob', 'disabled');
    const challenge = Buffer.from(await bob.person.chip.challenge()).toString('base64');
    const { session_key, part_index } = params[1]!;
    bob.socket.send({ type: 'chip_challenge', session_key, part_index, chip_challenge: challenge });
    expect(await bob.socket.next('error', ofSession(request['session_key']))).toMatchObject({
      code: 'chip_unavailable',
    });
    expect(await keyState(made)).toEqual(['destroying', ['deleted', 'held', 'held']]);
    await mark('bob', 'lost');
    expect(
      await coordinator.next('destroy_complete', ofSession(request['session_key'])),
    ).toMatchObject({
      success: true,
      parts: [{ outcome: 'deleted' }, { outcome: 'lost' }, { outcome: 'lost' }],
    });
    expect(await keyState(made)).toEqual(['destroyed', ['deleted', 'absent', 'absent']]);
    expect(auditVerify(await world.exportAudit())).toMatchObject({
      ok: true,
      destroyed: [made.address],
    });
    await mark('bob', 'active');
    const back = await bob.again({ last_seq: 2 ** 50 });
    const told = await back.socket.next('destroy_params', ofSession(request['session_key']));
    // Powered off in between, the chip knows the challenge of its consent no more.
    await expect(back.destroy(told, { recordId: 'ab'.repeat(32) })).rejects.toThrow(
      /record-not-found/,
    );
    const renewed = Buffer.from(await back.person.chip.challenge()).toString('base64');
    back.socket.send({ type: 'chip_challenge', session_key, part_index, chip_challenge: renewed });
    const fresh = await back.socket.next('chip_authorisation', ofSession(request['session_key']));
    await back.destroy(told, { signature: String(fresh['signature']), challenge: renewed });
    back.socket.send(await back.destroyResult(told, made));
    await back.socket.settled();
    expect(await keyState(made)).toEqual(['destroyed', ['deleted', 'deleted', 'absent']]);
    await mark('carol', 'active');
  });
});

describe('the room of a chip', () => {
  test('is checked, and a full chip named, before anybody is invited', async () => {
    const { body } = await world.rest('GET', '/keys');
    const [made] = body['keys'] as { session_key: string }[];
    await world.server.close();
    const database = await openDatabase(join(world.directory, 'data', 'quorate.db'));
    const held = 2; // the key of this file, and the one whose record was given up
    await database.transaction(async (tx) => {
      for (let at = held; at < LIMITS.chipRecords; at += 1) {
        await tx.run(
          `INSERT INTO orphans (record_id, address, session_key, part_index, username, se_id,
             chip_public_key, cpic, reason, reported_at) VALUES (?, ?, ?, 1, 'carol', 'SE-carol', ?, ?, 'timeout', 1)`,
          [at.toString(16).padStart(64, '0'), key.address, made!.session_key, '04', '00'],
        );
      }
    });
    await database.close();
    await world.restart();
    coordinator = await world.connect('coordinator', 'coordinator');
    holders = await Promise.all(holders.map((holder) => holder.again({ last_seq: 2 ** 50 })));
    expect(await refusal(keygenRequest(NAMES, 2))).toMatchObject({
      code: 'chip_full',
      details: 'the chip SE-carol of carol holds 100 of 100 records',
    });
    for (const { socket } of holders) expect(socket.count('keygen_invite')).toBe(0);
    await holders[2]!.socket.settled();
    const orphan = holders[2]!.socket.received.find(({ type }) => type === 'orphan_notice');
    expect(orphan).toMatchObject({ reason: 'timeout' });
  });
});

async function keyState({ address }: MadeKey): Promise<[unknown, unknown[]]> {
  const { body } = await world.rest('GET', `/keys/${address}`);
  const parts = body['holders'] as { record_state: unknown }[];
  return [body['state'], parts.map(({ record_state }) => record_state)];
}
