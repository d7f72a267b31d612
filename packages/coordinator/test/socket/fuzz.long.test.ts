import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type InProcess, type Line, openInProcess } from '../support/inProcess.ts';

const PEOPLE = [
  { username: 'coordinator', roles: ['coordinator'] },
  { username: 'alice', roles: ['participant'] },
  { username: 'bob', roles: ['participant'] },
] as const;

const TYPES = [
  'register',
  'ack',
  'keygen_request',
  'keygen_response',
  'keygen_result',
  'round',
  'sign_request',
  'sign_response',
  'sign_result',
  'chip_challenge',
  'orphan_response',
  'orphan_result',
  'keygen_params',
  'error',
];

const base64 = fc
  .uint8Array({ maxLength: 80 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));
const plausible: Record<string, fc.Arbitrary<unknown>> = {
  session_key: fc.constantFrom('live', 'live', 'none', '../../etc', ''),
  username: fc.constantFrom('alice', 'bob', 'coordinator', 'admin', '\u202eadmin'),
  role: fc.constantFrom('participant', 'coordinator', 'admin'),
  token: fc.string(),
  part_index: fc.constantFrom(1, 2, 3, 0, -1, 33, 1.5, '1', null),
  from: fc.constantFrom(1, 2, 3, 0),
  to: fc.constantFrom(1, 2, null, 33),
  round: fc.constantFrom(1, 2, 3, 4, 5, 6, 1e9),
  seq: fc.constantFrom(1, 0, -1, 2 ** 53, 1e300),
  cseq: fc.constantFrom(1, 2, 3, 0, -1, 2 ** 53),
  accept: fc.constantFrom(true, false, 'true', 1),
  success: fc.constantFrom(true, false, null),
  reason: fc.string(),
  message: fc.string(),
  cpic: fc.constantFrom('00'.repeat(42), '', 'zz'),
  body: base64,
  signature: base64,
  session_certificate: fc
    .uint8Array({ minLength: 171, maxLength: 243 })
    .map((bytes) => Buffer.from(bytes).toString('base64')),
  chip_challenge: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString('base64')),
  threshold: fc.constantFrom(2, 1, 0, 33, '2'),
  total_parts: fc.constantFrom(2, 3, 33),
  participants: fc.constantFrom(['alice', 'bob'], ['alice', 'alice'], [], ['alice'], 'alice', [
    ['alice'],
  ]),
  data: fc.constantFrom('11'.repeat(32), '00'.repeat(32), '0x', 'zz'),
  address: fc.constantFrom(`0x${'ab'.repeat(20)}`, '0x0', ''),
  encrypted_shard: base64,
  public_key: fc.constantFrom(`0x02${'11'.repeat(32)}`, `0x02${'ff'.repeat(32)}`, ''),
  record_id: fc.constantFrom('11'.repeat(32), ''),
  payload: fc.constantFrom({ kind: 'digest' }, { kind: 'eip712', typed_data: {} }, null, []),
  abort: fc.constantFrom(
    { reason: 'x', round: 1, culprits: [1] },
    {},
    { reason: 'x', round: 1, culprits: [99] },
  ),
};

const message = fc
  .record({
    type: fc.constantFrom(...TYPES),
    chosen: fc.subarray(Object.keys(plausible), { minLength: 2 }),
  })
  .chain(({ type, chosen }) =>
    fc.record({
      type: fc.constant(type),
      ...Object.fromEntries(chosen.map((name) => [name, plausible[name]!])),
    }),
  );

/** Messages that have exactly the fields of their type, with plausible and hostile values. */
const SHAPES: Record<string, readonly string[]> = {
  keygen_response: ['session_key', 'part_index', 'cpic', 'accept', 'reason', 'session_certificate'],
  keygen_result: [
    'session_key',
    'part_index',
    'address',
    'cpic',
    'encrypted_shard',
    'success',
    'message',
    'public_key',
    'record_id',
  ],
  round: ['session_key', 'from', 'to', 'round', 'body', 'signature'],
  sign_request: ['session_key', 'threshold', 'total_parts', 'data', 'address', 'participants'],
  keygen_request: ['session_key', 'threshold', 'total_parts', 'participants'],
  chip_challenge: ['session_key', 'part_index', 'chip_challenge'],
  orphan_response: ['session_key', 'part_index', 'cpic', 'session_certificate', 'chip_challenge'],
  orphan_result: ['session_key', 'part_index', 'success', 'message'],
  ack: ['seq'],
};
const shaped = fc.constantFrom(...Object.keys(SHAPES)).chain((type) =>
  fc.record({
    type: fc.constant(type),
    ...Object.fromEntries(SHAPES[type]!.map((name) => [name, plausible[name]!])),
  }),
);

const frame = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 4, arbitrary: message.map((value) => JSON.stringify(value)) },
  { weight: 8, arbitrary: shaped.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.array(shaped, { maxLength: 5 }).map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: message.map((value) => JSON.stringify(value).slice(0, -3)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
);

const CASES = 10_500;

test(`the frame handler survives ${CASES} hostile frames, answers every refused one, and a live session stays as it was`, async () => {
  const server = await openInProcess(PEOPLE);
  const owner = await server.connect('coordinator', 'coordinator');
  const request = {
    type: 'keygen_request',
    session_key: 'live',
    threshold: 2,
    total_parts: 2,
    participants: ['alice', 'bob'],
  };
  owner.connection.receive(JSON.stringify(request));
  await server.idle();
  const before = await snapshot(server);
  const frames = fc.sample(frame, { numRuns: CASES, seed: 20_260_101 });
  let lines = await connectAll(server);
  let answered = 0;
  for (const [at, one] of frames.entries()) {
    const line = lines[at % lines.length]!;
    line.connection.receive(one);
    if (at % 60 !== 59) continue;
    await server.idle();
    answered += lines.reduce((sum, { sent }) => sum + sent.length, 0);
    for (const { messages } of lines) {
      for (const { type } of messages()) expect(type).not.toMatch(/_params$|_authorisation$/);
    }
    server.clock.advance(11);
    lines = await connectAll(server);
  }
  await server.idle();
  expect(server.errors).toEqual([]);
  expect(answered).toBeGreaterThan(CASES / 2);
  expect(await snapshot(server)).toEqual(before);
});

async function connectAll(server: InProcess): Promise<Line[]> {
  return [
    await server.connect('alice', 'participant'),
    await server.connect('bob', 'participant', { batch: true }),
    await server.connect('coordinator', 'coordinator', { progress: true }),
  ];
}

/** Checks the state after hostile frames; a session may end, because a participant may decline. */
async function snapshot({ database }: InProcess): Promise<unknown> {
  return database.read(async (tx) => ({
    keys: await tx.all('SELECT address FROM key_labels'),
    shards: await tx.all('SELECT record_id FROM shards'),
    grants: await tx.all('SELECT username FROM grants'),
    users: await tx.all('SELECT username, roles, state FROM users ORDER BY username'),
    chips: await tx.all('SELECT se_id, username, state FROM chips ORDER BY se_id'),
    owners: await tx.all(
      "SELECT coordinator, request_hash FROM sessions WHERE session_key = 'live'",
    ),
    parties: await tx.all(
      "SELECT username FROM session_participants WHERE session_key = 'live' ORDER BY part_index",
    ),
  }));
}
