import type { Received, TestSocket } from './socket.ts';
import {
  keyIdOf,
  Participant,
  type PlainKey,
  plainKey,
  type SessionFacts,
  signPlain,
} from './participant.ts';
import type { World } from './world.ts';

/** A key that exists on the server, and who holds it. */
export interface MadeKey extends PlainKey, SessionFacts {
  readonly threshold: number;
  readonly keyId: Uint8Array;
  readonly openers: ReadonlyMap<string, Uint8Array>;
}

let counter = 0;

/** A session_key that no test has used. */
export function freshKey(prefix = 'session'): string {
  counter += 1;
  return `${prefix}-${process.pid}-${counter}`;
}

/** Picks the messages of a session. */
export const ofSession =
  (sessionKey: unknown) =>
  (message: Received): boolean =>
    message['session_key'] === sessionKey;

export function keygenRequest(
  names: readonly string[],
  threshold: number,
  sessionKey = freshKey('keygen'),
): Record<string, unknown> {
  return {
    type: 'keygen_request',
    session_key: sessionKey,
    threshold,
    total_parts: names.length,
    participants: names,
  };
}

export function factsOf(world: World, names: readonly string[]): SessionFacts {
  return { holders: names.map((name, at) => ({ index: at + 1, person: world.person(name) })) };
}

/** Everybody receives the invitation and accepts; returns everybody's parameters. */
export async function acceptAll(
  participants: readonly Participant[],
  kind: 'keygen' | 'sign' | 'destroy',
  facts: SessionFacts,
  sessionKey: string,
): Promise<Received[]> {
  const of = ofSession(sessionKey);
  for (const participant of participants) {
    const invite = await participant.socket.next(`${kind}_invite`, of);
    participant.socket.send(await participant.response(invite, facts));
  }
  return Promise.all(participants.map(({ socket }) => socket.next(`${kind}_params`, of)));
}

/** All rounds of a session, each with a broadcast and a message to every other party. */
export async function runRounds(
  participants: readonly Participant[],
  params: readonly Received[],
  last: number,
): Promise<void> {
  const indexes = params.map((own) => Number(own['part_index']));
  const sessionKey = params[0]?.['session_key'];
  for (let round = 1; round <= last; round += 1) {
    for (const [at, participant] of participants.entries()) {
      const own = params[at]!;
      participant.socket.send(participant.round(own, round, null));
      for (const to of indexes) {
        if (to !== own['part_index']) participant.socket.send(participant.round(own, round, to));
      }
    }
    for (const { socket } of participants) {
      const due = (indexes.length - 1) * 2;
      for (let n = 0; n < due; n += 1) {
        await socket.next(
          'round',
          (message) => message['session_key'] === sessionKey && message['round'] === round,
        );
      }
    }
  }
}

/** A key generation from request to completion. */
export async function makeKey(
  world: World,
  coordinator: TestSocket,
  participants: readonly Participant[],
  threshold: number,
): Promise<MadeKey> {
  const names = participants.map(({ person }) => person.username);
  const request = keygenRequest(names, threshold);
  const sessionKey = String(request['session_key']);
  const facts = factsOf(world, names);
  coordinator.send(request);
  const params = await acceptAll(participants, 'keygen', facts, sessionKey);
  await runRounds(participants, params, 1);
  const key = plainKey();
  const openers = new Map<string, Uint8Array>();
  for (const [at, participant] of participants.entries()) {
    openers.set(participant.person.username, await participant.store(params[at]!, key));
    participant.socket.send(participant.keygenResult(params[at]!, key));
  }
  const complete = await coordinator.next('keygen_complete');
  if (complete['success'] !== true) throw new Error(JSON.stringify(complete));
  for (const { socket } of participants) await socket.next('keygen_complete');
  return { ...key, ...facts, threshold, keyId: keyIdOf(params[0]!), openers };
}

export function signRequest(
  key: MadeKey,
  names: readonly string[],
  digest: string,
  sessionKey = freshKey('sign'),
): Record<string, unknown> {
  return {
    type: 'sign_request',
    session_key: sessionKey,
    threshold: key.threshold,
    total_parts: key.holders.length,
    data: digest,
    address: key.address,
    participants: names,
  };
}

export function destroyRequest(
  key: MadeKey,
  names: readonly string[],
  reason = 'the office is closed',
  sessionKey = freshKey('destroy'),
): Record<string, unknown> {
  return {
    type: 'destroy_request',
    session_key: sessionKey,
    threshold: key.threshold,
    total_parts: key.holders.length,
    address: key.address,
    reason,
    participants: names,
  };
}

/** Results of everybody for a digest. */
export function sendSignatures(
  key: MadeKey,
  participants: readonly Participant[],
  params: readonly Received[],
  digest: string,
): string {
  const signature = signPlain(key, digest);
  for (const [at, participant] of participants.entries()) {
    participant.socket.send(participant.signResult(params[at]!, signature));
  }
  return signature;
}
