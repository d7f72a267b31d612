import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError, type Message } from '../../src/index.ts';
import { SETUP_MESSAGES, SIGN_MESSAGES } from '../../src/lindell17/index.ts';
import {
  keygenP1Data,
  keygenP2Ack,
  preParams,
  preParamsAck,
  refreshAck,
  refreshP1Data,
  refreshP2Ack,
  shapeFor,
  signCommit,
  signDone,
  signOpen,
  signP2Nonce,
  signP2Partial,
} from '../../src/lindell17/messages.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import type { Turn } from '../../src/round/protocol.ts';
import { rememberPowers } from '../support/memo.ts';
import { simulate } from '../support/simulate.ts';
import {
  frozenShares,
  keygenSessions,
  refreshSessions,
  signSessions,
} from '../support/twoParty.ts';

rememberPowers();
const keygen = simulate(keygenSessions()).sent;
const refresh = simulate(refreshSessions(frozenShares())).sent;
const sign = simulate(signSessions(frozenShares())).sent;

const bodyOf = (messages: readonly Message[], round: number): Uint8Array =>
  messages
    .find((message) => message.round === round)
    ?.body.subarray(round === 1 ? ECHO_LENGTH : 0) ?? new Uint8Array();

/** Every kind of message, with its size in docs/spec/lindell17.md; round 1 starts with the parameters before that. */
const KINDS: readonly (readonly [string, Turn<unknown>, Uint8Array, number])[] = [
  ['pre_params', erased(preParams(2048)), bodyOf(keygen, 1), 66_376],
  ['pre_params_ack', erased(preParamsAck), bodyOf(keygen, 2), 32],
  ['keygen_p1_data', erased(keygenP1Data(2048)), bodyOf(keygen, 3), 72_199],
  ['keygen_p2_ack', erased(keygenP2Ack), bodyOf(keygen, 4), 194],
  ['pre_params_ack of a refresh', erased(refreshAck), bodyOf(refresh, 2), 96],
  ['keygen_p1_data of a refresh', erased(refreshP1Data(2048)), bodyOf(refresh, 3), 72_037],
  ['keygen_p2_ack of a refresh', erased(refreshP2Ack), bodyOf(refresh, 4), 32],
  ['sign_commit', erased(signCommit), bodyOf(sign, 1), 32],
  ['sign_p2_nonce', erased(signP2Nonce), bodyOf(sign, 2), 98],
  ['sign_open', erased(signOpen), bodyOf(sign, 3), 130],
  ['sign_p2_partial', erased(signP2Partial(2048)), bodyOf(sign, 4), 3394],
  ['sign_done', erased(signDone), bodyOf(sign, 5), 64],
];

function erased<T>({ number, body }: Turn<T>): Turn<unknown> {
  return {
    number,
    body: {
      encode: (value) => body.encode(value as T),
      decode: (bytes, path) => body.decode(bytes, path),
    },
  };
}

describe.each(KINDS)('%s', (_, { body }, bytes, size) => {
  test('has the size of its specification, and is written as it was read', () => {
    expect(bytes.length).toBe(size);
    expect(Buffer.compare(body.encode(body.decode(bytes, 'body')), bytes)).toBe(0);
  });

  test('J-4: whatever is changed is refused, or read as what is written', () => {
    const runs = size > 10_000 ? 20 : 200;
    fc.assert(
      fc.property(fc.nat(size - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = bytes.map((byte, place) => (place === at ? byte ^ change : byte));
        let value: unknown;
        try {
          value = body.decode(altered, 'body');
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        expect(Buffer.compare(body.encode(value), altered)).toBe(0);
      }),
      { numRuns: runs },
    );
  });

  test('is refused with another length', () => {
    for (const length of [0, 1, size >> 1, size - 1]) {
      expect(() => body.decode(bytes.slice(0, length), 'body')).toThrow(DecodeError);
    }
    expect(() => body.decode(new Uint8Array([...bytes, 0]), 'body')).toThrow(DecodeError);
  });
});

test('the tables name each round once, and each side hears what the other one says', () => {
  for (const [table, sent] of [
    [SETUP_MESSAGES, keygen],
    [SETUP_MESSAGES, refresh],
    [SIGN_MESSAGES, sign],
  ] as const) {
    expect(table.map(({ round }) => round)).toEqual(table.map((_, at) => at + 1));
    for (const { round, from } of table) {
      const speakers = sent.filter((message) => message.round === round).map((one) => one.from);
      expect(speakers.toSorted((left, right) => left - right)).toEqual(from);
      for (const index of [1, 2] as const) {
        const other = index === 1 ? 2 : 1;
        expect(shapeFor(table, index)[round - 1]).toEqual({
          all: false,
          each: from.includes(other),
        });
      }
    }
  }
  const types = [...SETUP_MESSAGES, ...SIGN_MESSAGES].map(({ type }) => type);
  expect(new Set(types).size).toBe(9);
});
