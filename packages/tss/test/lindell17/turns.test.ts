import { describe, expect, test } from 'vitest';
import { body, uint16 } from '../../src/codec.ts';
import { echoHash, parametersHash } from '../../src/agreement.ts';
import { shapeFor, type TwoPartyMessage } from '../../src/lindell17/messages.ts';
import { AbortError } from '../../src/round/errors.ts';
import { type Protocol, receive, send, swap, type Turn } from '../../src/round/protocol.ts';
import { Session } from '../../src/round/session.ts';
import { simulate } from '../support/simulate.ts';

/** Rounds without cryptography: both say a number, then 1 speaks, 2 answers, 1 has the last word. */
const turn = (number: number): Turn<number> => ({ number, body: body(uint16) });
const TABLE: readonly TwoPartyMessage[] = [
  { type: 'pre_params', round: 1, from: [1, 2] },
  { type: 'keygen_p1_data', round: 2, from: [1] },
  { type: 'keygen_p2_ack', round: 3, from: [2] },
  { type: 'sign_done', round: 4, from: [1] },
];

function* first(wiped: string[]): Protocol<number> {
  try {
    const theirs = yield* swap(turn(1), 2, 10);
    yield* send(turn(2), 2, theirs + 1);
    const answer = yield* receive(turn(3), 2);
    if (answer === 0) {
      throw new AbortError({
        reason: 'invalid-proof',
        culprits: [2],
        keyUnsafe: 'refreshable',
        message: 'zero',
      });
    }
    yield* send(turn(4), 2, answer + 1);
    return answer;
  } finally {
    wiped.push('first');
  }
}

function* second(wiped: string[], answer = 1): Protocol<number> {
  try {
    yield* swap(turn(1), 1, 20);
    const heard = yield* receive(turn(2), 1);
    yield* send(turn(3), 1, heard * answer);
    return yield* receive(turn(4), 1);
  } finally {
    wiped.push('second');
  }
}

const optionsOf = (index: 1 | 2) => ({
  index,
  parties: [1, 2],
  shape: shapeFor(TABLE, index),
  echo: echoHash(new Uint8Array(32)),
  parameters: parametersHash(new Uint8Array(32)),
});

const sessions = (answer?: number) => {
  const wiped: string[] = [];
  const one = new Session(first(wiped), optionsOf(1));
  const two = new Session(second(wiped, answer), optionsOf(2));
  return {
    one,
    two,
    wiped,
    both: new Map([
      [1, one],
      [2, two],
    ]),
  };
};

describe('rounds in which one of two parties speaks', () => {
  test('run to the end under any order of delivery, with repeats', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { outcomes } = simulate(sessions().both, { shuffle: `turns/${seed}` });
      expect(outcomes.get(1)).toEqual({ status: 'completed', output: 21 });
      expect(outcomes.get(2)).toEqual({ status: 'completed', output: 22 });
    }
  });

  test('the speaker goes on at once and waits for the next message of the other', () => {
    const { one, two } = sessions();
    expect(one.start().map(({ round }) => round)).toEqual([1]);
    expect([one.round, one.waitingFor()]).toEqual([1, [2]]);
    const [hello] = two.start();
    if (hello === undefined) throw new Error('no message');
    expect(one.receive(hello).send.map(({ round, to }) => [round, to])).toEqual([[2, 2]]);
    expect([one.round, one.waitingFor()]).toEqual([3, [2]]);
  });

  test('messages of a round in which their sender does not speak are ignored', () => {
    const { one } = sessions();
    one.start();
    for (const round of [2, 4, 5]) {
      const message = { round, from: 2, to: 1, body: new Uint8Array([0, 1]) };
      expect(one.receive(message).disposition).toBe('ignored');
    }
  });

  test('a message that cannot be read is blamed on its speaker, and secrets are overwritten', () => {
    const { one, wiped } = sessions();
    one.start();
    one.receive({
      round: 1,
      from: 2,
      to: 1,
      body: Uint8Array.from([...parametersHash(new Uint8Array(32)), 1, 2, 3]),
    });
    expect(one.outcome).toMatchObject({
      reason: 'malformed-message',
      culprits: [2],
      keyUnsafe: null,
    });
    expect(wiped).toEqual(['first']);
  });

  test('an unsafe key is in the outcome, and nothing is said after it', () => {
    const { both, one } = sessions(0);
    const { sent } = simulate(both);
    expect(one.outcome).toMatchObject({
      status: 'aborted',
      keyUnsafe: 'refreshable',
      culprits: [2],
      round: 3,
      evidence: [{ round: 3, from: 2 }],
    });
    expect(sent.filter(({ round }) => round === 4)).toEqual([]);
  });
});
