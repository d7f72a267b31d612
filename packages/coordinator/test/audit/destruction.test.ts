import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import {
  concat,
  destroyReasonHash,
  encodeReceiptPayload,
  fromHex,
  sessionMessage,
  toHex,
} from '@quorate/intent';
import { expect, test } from 'vitest';
import {
  auditVerify,
  createAudit,
  DESTROYED,
  type DestroyedShard,
  type Destruction,
} from '../../src/audit/index.ts';
import { openFixture } from '../auth/support.ts';

const address = '0x52908400098527886E0F7030069857D2E4169EE7';
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** A shard with a receipt of a key that nobody else has. */
function deleted(partIndex: number, key: Omit<Destruction, 'shards'>): DestroyedShard {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = concat(Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
  const sessionHash = hex(32);
  const recordId = hex(32);
  const payload = encodeReceiptPayload(
    {
      sessionKey: key.sessionKey,
      partIndex,
      sessionHash: fromHex(sessionHash),
      keyId: fromHex(key.keyId),
      epoch: key.epoch,
      recordId: fromHex(recordId),
      address: fromHex(address.slice(2)),
      reasonHash: fromHex(key.reasonHash),
    },
    { nonce: randomBytes(32), at: 1 },
  );
  const der = sign('sha256', sessionMessage(point, payload), privateKey);
  return {
    partIndex,
    username: `user ${partIndex}`,
    seId: `SE-${partIndex}`,
    chipPublicKey: toHex(point),
    recordId,
    outcome: 'deleted',
    sessionHash,
    receipt: Buffer.from(concat(payload, der)).toString('base64'),
  };
}

function destruction(change: (shards: DestroyedShard[]) => DestroyedShard[]): Destruction {
  const key = {
    address,
    publicKey: `0x02${hex(32)}`,
    keyId: hex(32),
    epoch: 0,
    threshold: 2,
    totalParts: 3,
    sessionKey: 'destroy-1',
    reasonHash: toHex(destroyReasonHash('closed')),
    destroyedAt: 1,
  };
  return { ...key, shards: change([1, 2, 3].map((index) => deleted(index, key))) };
}

/** The verdict on a log that holds the certificate of a destruction, with details changed after it was signed. */
async function verdictOn(
  of: Destruction,
  after: Record<string, string | number> = {},
): Promise<ReturnType<typeof auditVerify>> {
  const { database, clock } = await openFixture();
  const { privateKey } = generateKeyPairSync('ed25519');
  const audit = createAudit({ database, clock, key: privateKey });
  await audit.record({
    at: 1,
    actor: 'system',
    action: DESTROYED,
    subject: of.address,
    outcome: 'ok',
    details: { ...audit.certify(of), ...after },
  });
  let text = '';
  for await (const line of audit.export()) text += line;
  return auditVerify(text, { publicKey: audit.publicKey });
}

function gone(shard: DestroyedShard, outcome: DestroyedShard['outcome'] = 'lost'): DestroyedShard {
  const { partIndex, username, seId, chipPublicKey, recordId } = shard;
  return { partIndex, username, seId, chipPublicKey, recordId, outcome };
}

const closed = { by: 'a'.repeat(64), reasonHash: toHex(destroyReasonHash('gone')) };

test('the certificate of a destroyed key passes, with a receipt of each chip or fewer than threshold without', async () => {
  expect(await verdictOn(destruction((shards) => shards))).toMatchObject({
    ok: true,
    destroyed: [address],
  });
  const one = destruction(([first, ...others]) => [gone(first!), ...others]);
  expect(await verdictOn(one)).toMatchObject({ ok: true });
});

test('Z-6: the certificate of a destruction that was closed passes, and the check says what it does not prove', async () => {
  const two = destruction(([a, b, c]) => [a!, gone(b!, 'unproven'), gone(c!, 'unproven')]);
  expect(await verdictOn({ ...two, closed })).toMatchObject({
    ok: true,
    destroyed: [address],
    unproven: [{ address, participants: ['user 2', 'user 3'], closedBy: closed.by }],
  });
  expect(await verdictOn(destruction((shards) => shards))).toMatchObject({ unproven: [] });
});

test('Z-6: nobody is unproven unless an administrator has closed it, and signed parts are checked even so', async () => {
  const one = destruction(([a, b, c]) => [a!, gone(b!, 'unproven'), c!]);
  const verdict = await verdictOn(one);
  expect(verdict).toMatchObject({ ok: false, problem: 'wrong-certificate' });
  expect(verdict.ok ? '' : verdict.message).toMatch(/nobody closed it, and part 2 is unproven/);
  const forged = destruction(([a, b, c]) => [a!, { ...b!, recordId: c!.recordId }, c!]);
  const checked = await verdictOn({ ...forged, closed });
  expect(checked.ok ? '' : checked.message).toMatch(/receipt of part 2/);
  const word = destruction(([a, b, c]) => [
    a!,
    { ...gone(b!), outcome: 'forgotten' as 'lost' },
    c!,
  ]);
  const said = await verdictOn({ ...word, closed });
  expect(said.ok ? '' : said.message).toMatch(/it says forgotten of part 2/);
});

test.each([
  ['details that the audit key did not sign', { destroyed_at: 2 }, /not signed by the audit key/],
  ['another signature', { certificate: Buffer.alloc(64).toString('base64') }, /not signed/],
])('the certificate does not hold with %s', async (_, after, why) => {
  const verdict = await verdictOn(
    destruction((shards) => shards),
    after,
  );
  expect(verdict).toMatchObject({ ok: false, problem: 'wrong-certificate', seq: 1, line: 2 });
  expect(verdict.ok ? '' : verdict.message).toMatch(why);
});

test.each<[string, (shards: DestroyedShard[]) => DestroyedShard[], RegExp]>([
  [
    'a receipt of another chip',
    ([a, b, c]) => [a!, { ...b!, chipPublicKey: a!.chipPublicKey }, c!],
    /receipt of part 2/,
  ],
  [
    'a receipt of another record',
    ([a, b, c]) => [a!, { ...b!, recordId: c!.recordId }, c!],
    /receipt of part 2/,
  ],
  ['a receipt of another part', ([a, b, c]) => [b!, a!, c!], /receipt of part 1/],
  ['no receipt', ([a, b, c]) => [a!, { ...b!, receipt: '' }, c!], /receipt of part 2|malformed/],
  ['a part that is not named', ([a, b]) => [a!, b!], /does not name every part/],
  ['threshold parts without a receipt', ([a, b, c]) => [gone(a!), gone(b!), c!], /too many parts/],
])(
  'the certificate does not hold with %s, even when the server signs it',
  async (_, change, why) => {
    const verdict = await verdictOn(destruction(change));
    expect(verdict).toMatchObject({ ok: false, problem: 'wrong-certificate' });
    expect(verdict.ok ? '' : verdict.message).toMatch(why);
  },
);
