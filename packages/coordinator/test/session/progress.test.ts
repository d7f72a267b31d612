import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptAll, factsOf, keygenRequest } from '../support/ceremony.ts';
import { Participant, plainKey } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob', 'carol'];
const LAST = 5;

let world: World;
let participants: Participant[];

beforeAll(async () => {
  world = await openWorld(NAMES);
  participants = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
});

afterAll(() => world.end());

/** One line for each progress message: state, round, and who is waited for, for what. */
function lineOf(message: Received): string {
  const waiting = message['waiting_for'] as { username: string; for: string }[];
  const names = waiting.map(({ username, for: what }) => `${username}:${what}`);
  return [message['state'], message['round'] ?? '-', ...names].join(' ');
}

type After = (participant: Participant) => Promise<void>;

/** Everybody speaks in turn in every round: a broadcast, and then a message to each other party. */
async function speak(params: readonly Received[], after: After): Promise<void> {
  const indexes = params.map((own) => Number(own['part_index']));
  for (let round = 1; round <= LAST; round += 1) {
    for (const [at, participant] of participants.entries()) {
      const own = params[at]!;
      const others = indexes.filter((index) => index !== own['part_index']);
      for (const to of [null, ...others]) {
        participant.socket.send(participant.round(own, round, to));
      }
      await after(participant);
    }
  }
}

/** Asks for a key, and lets everybody accept. */
async function begin(coordinator: TestSocket): Promise<Received[]> {
  const request = keygenRequest(NAMES, 2);
  coordinator.send(request);
  const sessionKey = String(request['session_key']);
  return acceptAll(participants, 'keygen', factsOf(world, NAMES), sessionKey);
}

const settled: After = ({ socket }) => socket.settled();

async function generate(coordinator: TestSocket): Promise<void> {
  const params = await begin(coordinator);
  await speak(params, settled);
  const key = plainKey();
  for (const [at, participant] of participants.entries()) {
    await participant.store(params[at]!, key);
    participant.socket.send(participant.keygenResult(params[at]!, key));
    await settled(participant);
  }
  expect(await coordinator.next('keygen_complete')).toMatchObject({ success: true });
}

const progressOf = ({ received }: TestSocket): Received[] =>
  received.filter(({ type }) => type === 'session_state');

test('who asked for progress is told of every party that finishes a round and of every round, once each', async () => {
  const coordinator = await world.connect('coordinator', 'coordinator', { progress: true });
  await generate(coordinator);
  const told = progressOf(coordinator);
  const running = told.map(lineOf).filter((line) => /^(running|results)/.test(line));
  const rounds = [0, 1, 2, 3, 4].flatMap((round) => [
    `running ${round} alice:round bob:round carol:round`,
    `running ${round} bob:round carol:round`,
    `running ${round} carol:round`,
  ]);
  expect(running).toEqual([
    ...rounds,
    'running 5 alice:result bob:result carol:result',
    'results 5 bob:result carol:result',
    'results 5 carol:result',
  ]);
  for (const message of told) expect(message).not.toHaveProperty('seq');
  await coordinator.close();
});

test('progress in rounds is not stored: a coordinator that was away gets none of it later', async () => {
  const asking = await world.connect('coordinator', 'coordinator', { progress: true });
  const params = await begin(asking);
  await asking.close();
  await speak(params, settled);
  const back = await world.connect('coordinator', 'coordinator', { progress: true });
  await back.settled();
  expect(progressOf(back)).toEqual([]);
  await back.close();
});

test('a coordinator that did not ask for progress is told none', async () => {
  const coordinator = await world.connect('coordinator', 'coordinator');
  await generate(coordinator);
  expect(progressOf(coordinator)).toEqual([]);
  await coordinator.close();
});

test('warnings about a request come with the first progress of it, and again only when it is repeated', async () => {
  const names = [...NAMES, 'dave', 'erin'];
  for (const name of ['dave', 'erin']) await world.addPerson(name);
  const others = await Promise.all(names.slice(3).map((name) => Participant.connect(world, name)));
  const coordinator = await world.connect('coordinator', 'coordinator', { progress: true });
  const request = keygenRequest(names, 2);
  coordinator.send(request);
  const sessionKey = String(request['session_key']);
  await acceptAll([...participants, ...others], 'keygen', factsOf(world, names), sessionKey);
  await coordinator.next('session_state', (message) => message['state'] === 'running');
  const warned = (): number =>
    progressOf(coordinator).filter((message) => message['warnings'] !== undefined).length;
  expect(progressOf(coordinator).length).toBeGreaterThan(names.length);
  expect(warned()).toBe(1);
  coordinator.send(request);
  await coordinator.settled();
  expect(warned()).toBe(2);
  await coordinator.close();
});
