import type { Message, Outcome } from '../../src/index.ts';
import {
  twoPartyKeygen,
  type TwoPartyKeygenParameters,
  type TwoPartyKeyshare,
} from '../../src/lindell17/index.ts';
import { concat } from '../../src/arith/bytes.ts';
import { naturalFromBytes, naturalToBytes } from '../../src/arith/integers.ts';
import type { Span } from '../../src/codec.ts';
import {
  keygenP1Data,
  keygenP2Ack,
  preParams,
  preParamsAck,
} from '../../src/lindell17/messages.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import { rememberPowers } from '../support/memo.ts';
import { splice } from '../support/mutations.ts';
import { simulate } from '../support/simulate.ts';
import { keygenParameters, keygenSessions } from '../support/twoParty.ts';

// One recorded key generation, and what becomes of an honest party when a message of it is another one.

export type Party = 1 | 2;
const TURNS = [preParams(2048), preParamsAck, keygenP1Data(2048), keygenP2Ack];
export const roleOf = (party: Party): 'P1' | 'P2' => (party === 1 ? 'P1' : 'P2');
export const other = (party: Party): Party => (party === 1 ? 2 : 1);

rememberPowers();
const { sent } = simulate(keygenSessions());

/** That party's message of a round, without the hash of the parameters. */
export const bodyOf = (round: number, from: Party): Uint8Array => {
  const message = sent.find((one: Message) => one.round === round && one.from === from);
  if (message === undefined) throw new Error('no message');
  return round === 1 ? message.body.subarray(ECHO_LENGTH) : message.body;
};

export const spansOf = (round: number, from: Party): Span[] => {
  const body = TURNS[round - 1]?.body as unknown as { spans(bytes: Uint8Array): Span[] };
  return body.spans(bodyOf(round, from));
};

/**
 * How the other party ends when `evil` says something else in a round. With the same randomness both say
 * what they said before, so that the rest of `evil`'s messages is what was recorded.
 */
export const outcomeOf = (
  round: number,
  evil: Party,
  alter: (bytes: Uint8Array) => Uint8Array,
  more: Partial<TwoPartyKeygenParameters> = {},
): Outcome<TwoPartyKeyshare> | undefined => {
  const own = twoPartyKeygen({ ...keygenParameters(roleOf(other(evil))), ...more });
  own.start();
  for (const message of sent.filter(({ from }) => from === evil)) {
    const start = message.body.subarray(0, round === 1 ? ECHO_LENGTH : 0);
    const body = (): Uint8Array => concat(start, alter(bodyOf(round, evil)));
    own.receive(message.round === round ? { ...message, body: body() } : message);
  }
  return own.outcome;
};

export const named = (round: number, from: Party, path: string): Span => {
  const span = spansOf(round, from).find((one) => one.path === `body.${path}`);
  if (span === undefined) throw new Error(`no field ${path}`);
  return span;
};
export const valueOf = (round: number, from: Party, path: string): bigint => {
  const { start, end } = named(round, from, path);
  return naturalFromBytes(bodyOf(round, from).slice(start, end));
};
export const withNumber = (round: number, from: Party, path: string, value: bigint) => {
  const span = named(round, from, path);
  return (bytes: Uint8Array): Uint8Array =>
    splice(bytes, span, naturalToBytes(value, span.end - span.start));
};
