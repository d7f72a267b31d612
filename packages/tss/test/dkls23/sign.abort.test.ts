import { describe, expect, test } from 'vitest';
import { deriveSessionId, type Message, type Session, type Signature } from '../../src/index.ts';
import { sign, type SignParameters } from '../../src/dkls23/index.ts';
import { concat } from '../../src/arith/bytes.ts';
import { parametersHash } from '../../src/agreement.ts';
import { signSid } from '../../src/dkls23/parameters.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import { bans, blameless } from '../support/judge.ts';
import { deviatingSign } from '../support/misbehave.ts';
import { keysharesOf, parametersOf, sessionIdOf, signSessions } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';

const OTHER = 2;
const SIGNERS = [1, 2, 3];
const keyshares = keysharesOf(2, 3);

type Change = Partial<SignParameters>;
const signers = (changeOf: (index: number) => Change): Map<number, Session<Signature>> =>
  new Map(SIGNERS.map((index) => [index, sign({ ...parametersOf(index), ...changeOf(index) })]));
const atOther =
  (change: Change) =>
  (index: number): Change =>
    index === OTHER ? change : {};

describe('parties that mean different things (N-3, S1)', () => {
  test.each([
    ['another digest', { digest: seededRng('another')(32) }],
    ['another path', { path: [7] }],
    ['another session id', { sessionId: sessionIdOf('another') }],
  ])('Y-13: %s at one ends for all before a secret meets it, and bans nobody', (_, change) => {
    const { outcomes, sent } = simulate(signers(atOther(change)));
    const differ = (...differing: readonly number[]) => ({
      ...blameless('parameters-mismatch'),
      differing,
      round: 1,
    });
    expect(outcomes.get(1)).toMatchObject(differ(OTHER));
    expect(outcomes.get(3)).toMatchObject(differ(OTHER));
    expect(outcomes.get(OTHER)).toMatchObject(differ(1, 3));
    expect(sent.every(({ round }) => round === 1)).toBe(true);
    const evidence = outcomes.get(1);
    if (evidence?.status !== 'aborted') throw new Error('completed');
    expect(evidence.evidence.map(({ from, to }) => [from, to])).toEqual([
      [OTHER, null],
      [OTHER, 1],
    ]);
  });

  test('Y-13: without the comparison honest parties ban each other: the test above bites', () => {
    const changeOf = atOther({ digest: seededRng('another')(32) });
    const expectedBy = (index: number): Uint8Array =>
      parametersHash(signSid({ ...parametersOf(index), ...changeOf(index) }));
    const { outcomes } = simulate(signers(changeOf), {
      tamper: (message, to) => {
        if (message.round !== 1 || message.to !== null) return [message];
        return [{ ...message, body: concat(expectedBy(to), message.body.slice(ECHO_LENGTH)) }];
      },
    });
    expect(outcomes.get(1)).toMatchObject(bans(OTHER));
  });

  test('F-5, S1: certificates over another digest give another session id, under which nothing is heard', () => {
    const certificate = (index: number, digest: string): Uint8Array =>
      seededRng(`certificate/${index}/${digest}`)(171);
    const keyId = parametersOf(1).keyshare.keyId;
    const idSeenBy = (index: number): Uint8Array =>
      deriveSessionId(
        keyId,
        SIGNERS.map((i) => certificate(i, index === OTHER && i === OTHER ? 'B' : 'A')),
      );
    const ids = new Map(
      SIGNERS.map((index) => [index, Buffer.from(idSeenBy(index)).toString('hex')]),
    );
    expect(ids.get(1)).toBe(ids.get(3));
    expect(ids.get(1)).not.toBe(ids.get(OTHER));

    const sessions = signers((index) => ({ sessionId: idSeenBy(index) }));
    const { outcomes, sent } = simulate(sessions, {
      tamper: (message, to) => (ids.get(message.from) === ids.get(to) ? [message] : []), // the round signature
    });
    expect([...outcomes.values()]).toEqual([undefined, undefined, undefined]);
    expect(sent.every(({ round }) => round === 1)).toBe(true);
    expect(sessions.get(1)?.waitingFor()).toEqual([OTHER]);
    expect(sessions.get(OTHER)?.waitingFor()).toEqual([1, 3]);
  });
});

describe('broadcasts that are not the same for all', () => {
  const split = (message: Message, to: number): Message[] => [
    message.round === 1 && message.from === OTHER && message.to === null && to === 3
      ? { ...message, body: message.body.map((byte, at) => (at < ECHO_LENGTH ? byte : byte ^ 1)) }
      : message,
  ];

  test('O-11, G2, S6, T6: two versions of a round-1 broadcast abort before any multiplication is judged, and ban nobody', () => {
    const { outcomes } = simulate(signSessions(keyshares, SIGNERS, { seed: 'split' }), {
      tamper: split,
    });
    for (const index of [1, 3]) {
      const outcome = outcomes.get(index);
      expect(outcome).toMatchObject({ ...blameless('equivocation'), round: 2 });
      // W-7: the signed broadcasts, which show who said what to whom when they meet another's.
      const evidence = outcome?.status === 'aborted' ? outcome.evidence : [];
      const others = SIGNERS.filter((signer) => signer !== index);
      expect(evidence.map(({ round, from, to }) => [round, from, to])).toEqual(
        others.map((from) => [1, from, null]),
      );
    }
  });

  test('O-11: it stays without a ban when the one who split also multiplies wrongly', () => {
    const sessions = signSessions(keyshares, SIGNERS, { seed: 'sweep' });
    const lie = {
      round: 2,
      part: 'each',
      alter: (bytes: Uint8Array) => bytes.toReversed(),
    } as const;
    sessions.set(OTHER, deviatingSign(parametersOf(OTHER), lie));
    const { outcomes } = simulate(sessions, { tamper: split });
    for (const index of [1, 3]) {
      expect(outcomes.get(index)).toMatchObject(blameless('equivocation'));
    }
  });

  test('T3, R-7: a second version of a message bans nobody and shows both', () => {
    const run = simulate(signSessions(keyshares, SIGNERS, { seed: 'twice' }), {
      tamper: (message, to) =>
        message.from === OTHER && message.to === null && to === 1
          ? [message, { ...message, body: message.body.map((byte) => byte ^ 1) }]
          : [message],
    });
    const outcome = run.outcomes.get(1);
    expect(outcome).toMatchObject({ reason: 'equivocation', culprits: [OTHER], bans: [] });
    expect(outcome?.status === 'aborted' && outcome.evidence.length).toBe(2);
  });
});

describe('S5, O-12: after a ban', () => {
  test('whoever was banned is refused in the next signature, and the others still sign', () => {
    const sessions = signSessions(keyshares, SIGNERS, { seed: 'sweep' });
    const lie = {
      round: 2,
      part: 'each',
      towards: [1],
      alter: (bytes: Uint8Array) => bytes.map((byte, at) => (at === 31 ? byte ^ 1 : byte)),
    } as const;
    sessions.set(OTHER, deviatingSign(parametersOf(OTHER), lie));
    const outcome = simulate(sessions).outcomes.get(1);
    expect(outcome).toMatchObject(bans(OTHER));
    const recorded = outcome?.status === 'aborted' ? outcome.bans : [];

    const again = (change: Change) => () =>
      sign({ ...parametersOf(1, 'again'), bans: recorded, ...change });
    const banned = expect.objectContaining({ code: 'input/banned' });
    expect(again({})).toThrow(banned);
    expect(again({ signers: [1, OTHER] })).toThrow(banned);

    const others = [1, 3].map((index): [number, Session<Signature>] => {
      const parameters = parametersOf(index, 'again');
      return [index, sign({ ...parameters, signers: [1, 3], bans: recorded })];
    });
    expect(outputs(simulate(new Map(others))).size).toBe(2);
  });
});

describe('signing refuses', () => {
  const refuse = (over: object) => () => sign({ ...parametersOf(1), ...over });
  test.each([
    ['S4, D-16: too few signers', { signers: [1] }, 'input/signer-set'],
    ['S4, O-14: a signer twice', { signers: [1, 1, 2] }, 'input/signer-set'],
    ['S4: the last signer twice', { signers: [1, 2, 2] }, 'input/signer-set'],
    ['S4: unsorted signers', { signers: [2, 1] }, 'input/signer-set'],
    ['S4: a signer beyond the parties', { signers: [1, 4] }, 'input/signer-set'],
    ['S4, D10: signer zero', { signers: [0, 1] }, 'input/signer-set'],
    ['S4, D10: a negative signer', { signers: [-1, 1] }, 'input/signer-set'],
    ['S4, D10: a fractional signer', { signers: [1, 1.5] }, 'input/signer-set'],
    ['S4, T2: a set without itself', { signers: [2, 3] }, 'input/signer-set'],
    ...[
      [-1],
      [2 ** 31],
      [2 ** 32],
      [1.5],
      ['1'],
      [null],
      [Number.NaN],
      Array(17).fill(0),
      'm/0',
      7,
    ].map((path): [string, object, string] => [
      `W-8: path ${JSON.stringify(path)}`,
      { path },
      'input/path',
    ]),
    ['S5, O-12: a banned signer', { bans: [3] }, 'input/banned'],
    ['S5: a ban of somebody who is no party', { bans: [4] }, 'input/bans'],
    ['S5: bans that are no list', { bans: undefined }, 'input/bans'],
    ['N-7: the digest zero', { digest: new Uint8Array(32) }, 'input/digest-zero'],
    ['a digest of 31 bytes', { digest: new Uint8Array(31) }, 'input/digest-length'],
    ['a digest of 33 bytes', { digest: new Uint8Array(33).fill(1) }, 'input/digest-length'],
    ['F-4: a session id of zeros', { sessionId: new Uint8Array(32) }, 'input/session-id'],
    [
      'F-4: a session id of 31 bytes',
      { sessionId: new Uint8Array(31).fill(1) },
      'input/session-id',
    ],
    ['N-13: a hardened path', { path: [0x80000000] }, 'input/path'],
    ['a path that is no list', { path: 'm/0' }, 'input/path'],
  ])('%s', (_, over, code) => {
    expect(refuse(over)).toThrow(expect.objectContaining({ code }));
  });

  test('N-8: the group order as a digest, which is zero after reduction', () => {
    const q = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
    const digest = new Uint8Array(Buffer.from(q, 'hex'));
    expect(refuse({ digest })).toThrow(expect.objectContaining({ code: 'input/digest-zero' }));
  });
});
