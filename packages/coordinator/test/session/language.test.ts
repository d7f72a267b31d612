import { afterAll, beforeAll, expect, test } from 'vitest';
import { keygenRequest, makeKey } from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld(['用户1', '用户2', '用户3', '用户4', '用户5'], { language: 'zh-CN' });
});

afterAll(() => world.end());

test('in Chinese the texts of success are those of the first document, and warnings are Chinese too', async () => {
  const coordinator = await world.connect('coordinator', 'coordinator', { progress: true });
  expect(coordinator.welcome['message']).toBe('注册成功');
  const names = world.people.map(({ username }) => username);
  const participants = await Promise.all(names.map((name) => Participant.connect(world, name)));
  await makeKey(world, coordinator, participants, 3);
  const complete = coordinator.received.find(({ type }) => type === 'keygen_complete');
  expect(complete).toMatchObject({ success: true, message: '密钥生成成功' });
  const states = coordinator.received.flatMap((m) =>
    m.type === 'session_state' ? [m['state']] : [],
  );
  expect(states).toEqual([
    ...Array.from({ length: 5 }, () => 'invited'),
    // Everybody has accepted, and then each of the five has spoken in the round.
    ...Array.from({ length: 6 }, () => 'running'),
    'results',
    'results',
    'results',
    'results',
    'completed',
  ]);
  coordinator.send(keygenRequest(names, 2));
  const state = await coordinator.next('session_state', (m) => m['warnings'] !== undefined);
  expect(state['warnings']).toEqual(['门限值低于总分片数的一半，建议不低于一半']);
  coordinator.send({
    ...keygenRequest(names, 2),
    participants: ['用户1', '用户1', '用户2', '用户3', '用户4'],
  });
  expect(await coordinator.next('error')).toMatchObject({ message: '参与者列表无效' });
});

test('lists of sessions and keys come in pages, newest sessions first', async () => {
  const coordinator = await world.connect('coordinator', 'coordinator');
  const names = world.people.map(({ username }) => username).slice(0, 2);
  const made: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const request = keygenRequest(names, 2);
    made.push(String(request['session_key']));
    coordinator.send(request);
    world.clock.advance(1);
  }
  await coordinator.settled();
  const seen: string[] = [];
  let path = '/sessions?limit=2&state=invited';
  for (let page = 0; page < 10; page += 1) {
    const { body } = await world.rest('GET', path);
    const sessions = body['sessions'] as { session_key: string }[];
    expect(sessions.length).toBeLessThanOrEqual(2);
    seen.push(...sessions.map(({ session_key }) => session_key));
    if (body['next'] === undefined) break;
    path = `/sessions?limit=2&state=invited&after=${body['next'] as string}`;
  }
  expect(seen.slice(0, 5)).toEqual(made.toReversed());
  expect(new Set(seen).size).toBe(seen.length);
});

test('W-11: the form expected of a field is said in words and in Chinese, on sockets and over REST', async () => {
  const coordinator = await world.connect('coordinator', 'coordinator');
  const refusal = () => coordinator.next('error', ({ code }) => code === 'invalid_message');
  coordinator.send({ ...keygenRequest(['用户1', '用户2'], 2), session_key: 'no spaces' });
  expect(await refusal()).toMatchObject({
    code: 'invalid_message',
    details: 'keygen_request: session_key: 应为 1 至 128 个字母、数字或 . _ : -',
  });
  coordinator.send({ ...keygenRequest(['用户1', '用户2'], 2), threshold: 1, total_parts: 'x' });
  expect(await refusal()).toMatchObject({
    details: 'keygen_request: threshold: 应至少为 2；total_parts: 应为数字',
  });
  const { body } = await world.rest('GET', '/sessions/no%20spaces');
  expect(body).toMatchObject({ detail: 'session_key: 应为 1 至 128 个字母、数字或 . _ : -' });
});
