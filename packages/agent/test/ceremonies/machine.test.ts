// The machine under messages of every kind in any order, over restarts: whatever a coordinator says.
import {
  ClientMessage,
  type CompleteOf,
  type InviteOf,
  isPart,
  type Kind,
  KINDS,
  type ParamsOf,
  partOf,
} from '@quorate/wire';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { keyRecord } from '../support/keyRecord.ts';
import {
  makeAgent,
  type OneAgent,
  type OneProcess,
  PEOPLE,
  startProcess,
} from '../support/oneAgent.ts';

const key = keyRecord([new Uint8Array(65), new Uint8Array(65)], PEOPLE);
const sessionKeys = ['a', 'b', 'c', 'd'];
const session_key = fc.constantFrom(...sessionKeys);
const base64 = (length: number): Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes).toString('base64'));
/** Mostly what fits, sometimes something else. */
const mostly = <T>(fits: T, ...others: T[]): Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(fits), weight: 8 }, fc.constantFrom(fits, ...others));

const size = {
  threshold: mostly(2, 3),
  total_parts: mostly(2, 3),
  part_index: mostly(1, 2),
};
const invite = {
  session_key,
  ...size,
  coordinator: fc.constant('carol'),
  se_id: fc.constant('SE-1'),
  participants: mostly([...PEOPLE], ['alice'], ['bob', 'alice'], ['alice', 'alice']),
  expires_at: mostly(Date.now() + 3_600_000, 1),
};
const address = mostly(key.address, '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359');
const record_id = mostly(key.record_id, 'ab'.repeat(32));
const peers = fc.array(base64(241), { minLength: 2, maxLength: 2 }).map((certificates) =>
  certificates.map((session_certificate, at) => ({
    username: PEOPLE[at]!,
    part_index: at + 1,
    session_certificate,
  })),
);
const authorisation = { chip_challenge: base64(16), signature: base64(70) };
const told = { session_key, success: fc.boolean(), message: fc.constant('over') };

type Draws = {
  readonly [K in Kind]: {
    readonly invite: Arbitrary<InviteOf<K>>;
    readonly params: Arbitrary<ParamsOf<K>>;
    readonly complete: Arbitrary<CompleteOf<K>>;
  };
};

/** The generators of each kind; a new kind does not compile without its own. */
const DRAWS: Draws = {
  keygen: {
    invite: fc.record({ type: fc.constant('keygen_invite'), ...invite }),
    params: fc.record({
      type: fc.constant('keygen_params'),
      session_key,
      ...size,
      filename: fc.constantFrom(...sessionKeys.map((name) => `${name}_1.json`)),
      peers,
    }),
    complete: fc.record({ type: fc.constant('keygen_complete'), ...told, address }),
  },
  sign: {
    invite: fc.record({
      type: fc.constant('sign_invite'),
      ...invite,
      address,
      data: mostly('55'.repeat(32), '00'.repeat(32)),
    }),
    params: fc.record({
      type: fc.constant('sign_params'),
      session_key,
      ...authorisation,
      address,
      record_id,
      part_index: size.part_index,
      data: base64(32),
      parties: mostly('1,2', '1,3'),
      filename: fc.constantFrom(...sessionKeys.map((name) => `${name}_1.json`)),
      encrypted_shard: base64(60),
      peers,
    }),
    complete: fc.record({
      type: fc.constant('sign_complete'),
      ...told,
      signature: fc.constantFrom('' as const, `0x${'11'.repeat(65)}`),
    }),
  },
  destroy: {
    invite: fc.record({
      type: fc.constant('destroy_invite'),
      ...invite,
      address,
      reason: fc.constantFrom('closed', 'moved'),
      absent: fc.constant([]),
    }),
    params: fc.record({
      type: fc.constant('destroy_params'),
      session_key,
      ...authorisation,
      address,
      record_id,
      reason_hash: fc.constant('ab'.repeat(32)),
      part_index: size.part_index,
      parties: mostly('1,2', '1'),
      peers,
    }),
    complete: fc.record({
      type: fc.constant('destroy_complete'),
      ...told,
      address,
      parts: fc.constant([]),
    }),
  },
};

/** One thing that happens to an agent; its sessions have other keys in every run. */
type Happening = (process: OneProcess, run: string) => Promise<void>;

function inRun<M extends { readonly session_key: string }>(message: M, run: string): M {
  const filename = 'filename' in message ? { filename: `${run}${String(message.filename)}` } : {};
  return { ...message, ...filename, session_key: `${run}${message.session_key}` };
}

const messages: Arbitrary<Happening>[] = KINDS.flatMap((kind): Arbitrary<Happening>[] => [
  DRAWS[kind].invite.map(
    (message) =>
      async ({ sessions }, run) =>
        sessions.invited(inRun(message, run)),
  ),
  DRAWS[kind].params.map(
    (message) =>
      async ({ sessions }, run) =>
        sessions.params(inRun(message, run)),
  ),
  DRAWS[kind].complete.map(
    (message) =>
      async ({ sessions }, run) =>
        sessions.completed(inRun(message, run)),
  ),
]);
const others: Arbitrary<Happening>[] = [
  fc.record({ session_key, ...authorisation }).map(
    (one) =>
      async ({ sessions }, run) =>
        sessions.authorised(inRun({ type: 'chip_authorisation', ...one }, run)),
  ),
  fc
    .record({ session_key, round: fc.integer({ min: 1, max: 5 }), body: base64(40) })
    .map((one) => async ({ sessions }, run) => {
      const frame = { from: 2, to: null, signature: Buffer.alloc(64).toString('base64') };
      sessions.round(inRun({ type: 'round', ...one, ...frame }, run));
    }),
  session_key.map(
    (name) =>
      async ({ sessions }, run) =>
        sessions.failed(run + name, 'timeout'),
  ),
  fc.constant(async ({ sessions, sent }) =>
    eventually(() =>
      sessions.keys.every((name) => sent.some((message) => isAnswer(message, name))),
    ),
  ),
];

type Sent = OneProcess['sent'][number];

const isAnswer = (message: Sent, name: string): boolean =>
  isPart(message, 'response') && message.session_key === name;

/** The certificates that were given away, by session key. */
function certificatesIn(sent: readonly Sent[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const message of sent) {
    if (!isPart(message, 'response') || !message.accept) continue;
    const ones = found.get(message.session_key) ?? new Set();
    found.set(message.session_key, ones.add(message.session_certificate));
  }
  return found;
}

let agent: OneAgent;

beforeAll(async () => {
  agent = await makeAgent();
});
afterAll(() => agent.close());

let run = 0;
const accepted = new Set<Kind>();

test('R-14, 1.9.9: one certificate a session key at most, nothing started or deleted without the others’ certificates', async () => {
  const processes = fc.array(fc.array(fc.oneof(...messages, ...others), { maxLength: 12 }), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(processes, async (happenings) => {
      const sent: Sent[] = [];
      run += 1;
      for (const things of happenings) {
        const process = startProcess(agent);
        try {
          for (const happen of things) await happen(process, `r${run}-`);
          await eventually(() =>
            process.sessions.keys.every(
              (name) =>
                process.state.used.find(name) !== undefined ||
                process.sent.some((message) => isAnswer(message, name)),
            ),
          );
          const record = process.state.keys.find(key.key_id);
          expect(record).toMatchObject({ state: 'active', bans: [] });
          expect(record?.releases).toEqual({ confirmed: 0, outstanding: 0 });
          expect(process.state.keys.list()).toHaveLength(1);
        } finally {
          process.stop();
        }
        sent.push(...process.sent);
      }
      for (const [at, message] of sent.entries()) {
        const parsed = ClientMessage.safeParse({ ...message, cseq: at + 1 });
        expect(parsed.success, JSON.stringify(message)).toBe(true);
      }
      expect(sent.map(({ type }) => type)).not.toContain('round');
      for (const message of sent) {
        const part = partOf(message.type);
        if (part?.part === 'response' && 'accept' in message && message.accept)
          accepted.add(part.kind);
      }
      for (const [name, certificates] of certificatesIn(sent)) {
        expect(certificates.size, name).toBe(1);
      }
    }),
    { numRuns: 20, endOnFailure: true },
  );
  // Nothing of this is vacuous: sessions of every kind came as far as their certificates.
  expect([...accepted].toSorted()).toEqual([...KINDS].toSorted());
}, 120_000);
