import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { destroyReasonHash } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acceptAll,
  destroyRequest,
  type MadeKey,
  makeKey,
  ofSession,
  signRequest,
} from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { openOfficeWithKey } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];

let world: World;
let coordinator: TestSocket;
let holders: Participant[];
let key: MadeKey;

beforeAll(async () => {
  ({
    world,
    coordinator,
    participants: holders,
    key,
  } = await openOfficeWithKey(NAMES, 2, { progress: true }));
});

afterAll(() => world.end());

const stateOf = async (address: string): Promise<[unknown, unknown[]]> => {
  const { body } = await world.rest('GET', `/keys/${address}`);
  const parts = body['holders'] as { record_state: unknown }[];
  return [body['state'], parts.map(({ record_state }) => record_state)];
};

/** Asks, and everybody consents. */
async function consented(
  of: MadeKey = key,
  who = holders,
): Promise<[Record<string, unknown>, Received[]]> {
  const names = who.map(({ person }) => person.username);
  const request = destroyRequest(of, names);
  coordinator.send(request);
  return [request, await acceptAll(who, 'destroy', of, String(request['session_key']))];
}

async function refusal(request: Record<string, unknown>): Promise<Received> {
  coordinator.send(request);
  return coordinator.next('error', ofSession(request['session_key']));
}

const deletionOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((reason: unknown) => reason);
  return error instanceof SecureElementError ? error.code : 'none';
};

const usedBy = async ({ person }: Participant): Promise<number | null> =>
  (await person.chip.info()).used;

describe('a request to destroy a key', () => {
  test('is refused unless every holder whose chip is not gone is named', async () => {
    const one = await refusal(destroyRequest(key, ['alice', 'bob']));
    expect(one).toMatchObject({ code: 'invalid_participants' });
    expect(one['details']).toMatch(/carol has to take part unless the chip SE-carol is marked/);
    expect(await refusal(destroyRequest(key, [...NAMES, 'dave']))).toMatchObject({
      code: 'not_a_holder',
    });
    expect(await refusal(destroyRequest(key, [...NAMES, 'alice']))).toMatchObject({
      code: 'invalid_participants',
    });
    const other = { ...destroyRequest(key, NAMES), threshold: 3 };
    expect(await refusal(other)).toMatchObject({ code: 'key_mismatch' });
  });

  test('1.9.2 is for the creator of the key, or for an administrator who is a coordinator', async () => {
    await world.rest('POST', '/users', { username: 'other', roles: ['coordinator'] });
    await world.rest('POST', `/keys/${key.address}/grants`, { username: 'other' });
    const other = await world.connect('other', 'coordinator');
    const request = destroyRequest(key, NAMES);
    other.send(request);
    expect(await other.next('error', ofSession(request['session_key']))).toMatchObject({
      code: 'forbidden_key',
    });
    holders[0]!.socket.send(destroyRequest(key, NAMES));
    expect(await holders[0]!.socket.next('error')).toMatchObject({ code: 'forbidden_role' });
    await other.close();
  });

  test('ends without a trace when somebody declines', async () => {
    const request = destroyRequest(key, NAMES);
    coordinator.send(request);
    const [alice, bob, carol] = holders as [Participant, Participant, Participant];
    for (const holder of [alice, bob]) {
      const invite = await holder.socket.next('destroy_invite', ofSession(request['session_key']));
      expect(invite).toMatchObject({ reason: 'the office is closed', absent: [] });
      holder.socket.send(await holder.response(invite, key));
    }
    const invite = await carol.socket.next('destroy_invite', ofSession(request['session_key']));
    const { session_key, part_index } = invite;
    const answer = { type: 'destroy_response', session_key, part_index, cpic: '', accept: false };
    carol.socket.send({ ...answer, reason: 'it is in use' });
    expect(
      await coordinator.next('destroy_complete', ofSession(request['session_key'])),
    ).toMatchObject({
      success: false,
      parts: [],
    });
    for (const { socket } of holders) {
      expect(await socket.next('error', ofSession(request['session_key']))).toMatchObject({
        code: 'participant_declined',
      });
      expect(socket.received.some((one) => one.type === 'destroy_params')).toBe(false);
    }
    expect(await stateOf(key.address)).toEqual(['active', ['held', 'held', 'held']]);
  });

  test('is refused while another one is open for the key', async () => {
    const request = destroyRequest(key, NAMES);
    coordinator.send(request);
    await holders[0]!.socket.next('destroy_invite', ofSession(request['session_key']));
    expect(await refusal(destroyRequest(key, NAMES))).toMatchObject({ code: 'key_destroying' });
    world.clock.advance(120_000);
    expect(
      await coordinator.next('destroy_complete', ofSession(request['session_key'])),
    ).toMatchObject({
      success: false,
    });
    expect(await stateOf(key.address)).toEqual(['active', ['held', 'held', 'held']]);
  });

  test('takes no certificate of another operation or for other words', async () => {
    const [alice] = holders as [Participant];
    for (const change of [{ operation: 'sign' as const }, { intent: randomBytes(32) }]) {
      const request = destroyRequest(key, NAMES);
      coordinator.send(request);
      const invite = await alice.socket.next('destroy_invite', ofSession(request['session_key']));
      const response = await alice.response(invite, key);
      const session_certificate = await alice.certify(invite, key, change);
      alice.socket.send({ ...response, session_certificate });
      expect(await coordinator.next('error', ofSession(request['session_key']))).toMatchObject({
        code: 'invalid_certificate',
      });
    }
  });
});

describe('a destruction that everybody consented to', () => {
  test('1.9.10 gives each chip an authorisation for one record, reason and session, once', async () => {
    const made = await makeKey(world, coordinator, holders, 2);
    const [request, params] = await consented(made);
    const [alice, bob] = holders as [Participant, Participant];
    const own = params[0]!;
    const other = await alice.person.chip.challenge();
    expect(await deletionOf(alice.destroy(own, { recordId: 'ab'.repeat(32) }))).toBe(
      'record-not-found',
    );
    // The challenge is spent by that attempt: the coordinator renews it.
    const renew = async (holder: Participant): Promise<Received> => {
      const chip_challenge = Buffer.from(await holder.person.chip.challenge()).toString('base64');
      const { session_key, part_index } = holder === alice ? own : params[1]!;
      holder.socket.send({ type: 'chip_challenge', session_key, part_index, chip_challenge });
      return holder.socket.next('chip_authorisation', ofSession(request['session_key']));
    };
    for (const wrong of [
      { reasonHash: destroyReasonHash('another reason') },
      { signature: String(params[1]!['signature']) },
      { challenge: Buffer.from(other).toString('base64') },
    ]) {
      const fresh = await renew(alice);
      const good = {
        signature: String(fresh['signature']),
        challenge: String(fresh['chip_challenge']),
      };
      expect(await deletionOf(alice.destroy(own, { ...good, ...wrong }))).toBe(
        'authorisation-refused',
      );
    }
    const fresh = await renew(alice);
    const good = {
      signature: String(fresh['signature']),
      challenge: String(fresh['chip_challenge']),
    };
    expect(
      await deletionOf(
        alice.release(
          { ...own, data: Buffer.from(String(own['reason_hash']), 'hex').toString('base64') },
          good,
        ),
      ),
    ).toBe('authorisation-refused');
    const again = await renew(alice);
    const once = {
      signature: String(again['signature']),
      challenge: String(again['chip_challenge']),
    };
    await alice.destroy(own, once);
    expect(await deletionOf(alice.destroy(own, once))).toBe('challenge-unknown');
    alice.socket.send(await alice.destroyResult(own, made));
    await bob.destroy(params[1]!);
    bob.socket.send(await bob.destroyResult(params[1]!, made));
    await holders[2]!.destroy(params[2]!);
    holders[2]!.socket.send(await holders[2]!.destroyResult(params[2]!, made));
    await coordinator.next('destroy_complete', ofSession(request['session_key']));
  });

  test('is never complete on the word of an agent: only the receipt of its chip counts', async () => {
    const made = await makeKey(world, coordinator, holders, 2);
    const [request, params] = await consented(made);
    const [alice, bob, carol] = holders as [Participant, Participant, Participant];
    const own = params[0]!;
    const bobs = await bob.destroyResult(params[1]!, made);
    const wrong = [
      await alice.destroyResult(own, made, { sessionHash: randomBytes(32) }),
      await alice.destroyResult(own, made, { recordId: randomBytes(32) }),
      await alice.destroyResult(own, made, { reasonHash: randomBytes(32) }),
      await alice.destroyResult(own, { ...made, keyId: randomBytes(32) }),
      { ...(await alice.destroyResult(own, made)), receipt: bobs['receipt'] },
      { ...(await alice.destroyResult(own, made)), receipt: randomBytes(241).toString('base64') },
      { ...(await alice.destroyResult(own, made)), receipt: await certificateOf(alice, request) },
    ];
    for (const result of wrong) {
      alice.socket.send(result);
      expect(await alice.socket.next('error', ofSession(request['session_key']))).toMatchObject({
        code: 'invalid_receipt',
      });
    }
    expect(await stateOf(made.address)).toEqual(['destroying', ['held', 'held', 'held']]);
    const { session_key } = request;
    alice.socket.send({
      type: 'destroy_result',
      session_key,
      part_index: 1,
      success: false,
      message: 'no chip',
    });
    const news = await coordinator.next(
      'session_state',
      (one) =>
        ofSession(request['session_key'])(one) &&
        one['warnings'] !== undefined &&
        one['state'] !== 'invited',
    );
    expect(news).toMatchObject({ warnings: ['alice: no chip'], state: 'running' });
    for (const [at, holder] of [alice, bob, carol].entries()) {
      await holder.destroy(params[at]!);
      holder.socket.send(await holder.destroyResult(params[at]!, made));
    }
    expect(
      await coordinator.next('destroy_complete', ofSession(request['session_key'])),
    ).toMatchObject({
      success: true,
      parts: NAMES.map((username, at) => ({ username, part_index: at + 1, outcome: 'deleted' })),
    });
    expect(await stateOf(made.address)).toEqual(['destroyed', ['deleted', 'deleted', 'deleted']]);
  });

  test('the key signs nothing from the last consent on, and what was running ends', async () => {
    const made = await makeKey(world, coordinator, holders, 2);
    const signing = signRequest(made, ['alice', 'bob'], 'ab'.repeat(32));
    coordinator.send(signing);
    await holders[0]!.socket.next('sign_invite', ofSession(signing['session_key']));
    const [request, params] = await consented(made);
    expect(await coordinator.next('error', ofSession(signing['session_key']))).toMatchObject({
      code: 'key_destroying',
    });
    const next = signRequest(made, ['alice', 'bob'], 'ab'.repeat(32));
    expect(await refusal(next)).toMatchObject({ code: 'key_destroying' });
    expect(await refusal(destroyRequest(made, NAMES))).toMatchObject({ code: 'key_destroying' });
    for (const [at, holder] of holders.entries()) {
      expect(await stateOf(made.address)).toEqual([
        'destroying',
        NAMES.map((_, one) => (one < at ? 'deleted' : 'held')),
      ]);
      await holder.destroy(params[at]!);
      holder.socket.send(await holder.destroyResult(params[at]!, made));
      await holder.socket.settled();
    }
    await coordinator.next('destroy_complete', ofSession(request['session_key']));
    const late = signRequest(made, ['alice', 'bob'], 'ab'.repeat(32));
    expect(await refusal(late)).toMatchObject({ code: 'key_destroyed' });
    expect(await refusal(destroyRequest(made, NAMES))).toMatchObject({ code: 'key_destroyed' });
    // The same request again is answered with how it ended.
    coordinator.send(request);
    expect(
      await coordinator.next('destroy_complete', ofSession(request['session_key'])),
    ).toMatchObject({
      success: true,
    });
  });

  test('the ciphertexts are in no file of the server, from the last consent on', async () => {
    const made = await makeKey(world, coordinator, holders, 2);
    const directory = join(world.directory, 'data');
    const found = (text: string): string[] =>
      readdirSync(directory).filter((name) => {
        if (!name.startsWith('quorate.db')) return false;
        return readFileSync(join(directory, name)).includes(text);
      });
    const shards = holders.map((holder) => holder.shards.get(made.address) ?? '');
    for (const shard of shards) expect(found(shard)).not.toEqual([]);
    const [request, params] = await consented(made);
    // A read waits until the log is emptied, which began with the commit.
    await stateOf(made.address);
    for (const shard of shards) expect(found(shard)).toEqual([]);
    for (const [at, holder] of holders.entries()) {
      await holder.destroy(params[at]!);
      holder.socket.send(await holder.destroyResult(params[at]!, made));
    }
    await coordinator.next('destroy_complete', ofSession(request['session_key']));
  });

  test('waits without a deadline and across restarts, and tells what is missing at each register', async () => {
    const made = await makeKey(world, coordinator, holders, 2);
    const [request, params] = await consented(made);
    const [alice, bob, carol] = holders as [Participant, Participant, Participant];
    await alice.destroy(params[0]!);
    alice.socket.send(await alice.destroyResult(params[0]!, made));
    await alice.socket.settled();
    world.clock.advance(20 * 3_600_000);
    await world.restart();
    expect(await stateOf(made.address)).toEqual(['destroying', ['deleted', 'held', 'held']]);
    coordinator = await world.connect('coordinator', 'coordinator', { progress: true });
    // Everything that was stored for them counts as processed: what comes now is told anew.
    const later = await Promise.all([alice, bob, carol].map(acknowledged));
    expect(later[0]!.socket.received.filter(ofSession(request['session_key']))).toEqual([]);
    for (const holder of later.slice(1)) {
      const told = await holder.socket.next('destroy_params', ofSession(request['session_key']));
      await holder.destroy(told);
      holder.socket.send(await holder.destroyResult(told, made));
    }
    await coordinator.next('destroy_complete', ofSession(request['session_key']));
    expect(await stateOf(made.address)).toEqual(['destroyed', ['deleted', 'deleted', 'deleted']]);
    holders = later;
    expect(await usedBy(alice)).toBe(await usedBy(bob));
  });
});

/** Connects a holder that has processed every message so far. */
function acknowledged(holder: Participant): Promise<Participant> {
  const numbers = holder.socket.received.map(({ seq }) => Number(seq ?? 0));
  return holder.again({ last_seq: Math.max(...numbers) });
}

/** The certificate with which a holder consented: it is no receipt. */
async function certificateOf(
  holder: Participant,
  request: Record<string, unknown>,
): Promise<string> {
  const params = holder.socket.received.find(
    (one) => one.type === 'destroy_params' && ofSession(request['session_key'])(one),
  );
  const peers = params?.['peers'] as { username: string; session_certificate: string }[];
  return peers.find(({ username }) => username === holder.person.username)!.session_certificate;
}
