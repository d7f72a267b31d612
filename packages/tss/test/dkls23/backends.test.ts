import { expect, test, vi } from 'vitest';
import { keysharesOf, sessionIdOf, DIGEST, keygenSessions } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { backend, type Session, type Signature } from '../../src/index.ts';
import { keygen, type Keyshare, sign } from '../../src/dkls23/index.ts';

/** The same package on the portable backend: a module graph of its own. */
async function portable() {
  vi.resetModules();
  vi.doMock('#backend', () => import('../../src/backend/portable.ts'));
  const [ground, protocol] = [
    await import('../../src/index.ts'),
    await import('../../src/dkls23/index.ts'),
  ];
  vi.doUnmock('#backend');
  return { ...ground, ...protocol };
}

test('native and portable parties generate a key and sign in one session', async () => {
  const other = await portable();
  expect([backend.name, other.backend.name]).toEqual(['native', 'portable']);

  const sessionId = sessionIdOf('keygen/2-of-2');
  const base = { sessionId, threshold: 2, parties: 2 };
  const rngOf = (index: number) => seededRng(`keygen/2-of-2/${index}`);
  const sessions = new Map<number, Session<Keyshare>>([
    [1, keygen({ ...base, index: 1, rng: rngOf(1) })],
    [2, other.keygen({ ...base, index: 2, rng: rngOf(2) }) as unknown as Session<Keyshare>],
  ]);
  const shares = outputs(simulate(sessions));
  const expected = outputs(simulate(keygenSessions(2, 2)));
  for (const [index, share] of shares)
    expect(share.encode()).toEqual(expected.get(index)?.encode());

  const native = keysharesOf(2, 2).get(1);
  const encoded = shares.get(2)?.encode();
  if (native === undefined || encoded === undefined) throw new Error('no keyshares');
  const statement = { sessionId: sessionIdOf('mixed'), signers: [1, 2], digest: DIGEST, bans: [] };
  const signing = new Map<number, Session<Signature>>([
    [1, sign({ ...statement, keyshare: native, rng: seededRng('mixed/1') })],
    [
      2,
      other.sign({
        ...statement,
        keyshare: other.Keyshare.decode(encoded),
        rng: seededRng('mixed/2'),
      }),
    ].map((value) => value) as unknown as [number, Session<Signature>],
  ]);
  const signatures = [...outputs(simulate(signing)).values()];
  expect(signatures[0]?.bytes).toEqual(signatures[1]?.bytes);
});
