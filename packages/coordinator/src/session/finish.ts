/**
 * When a session is over and how: docs/spec/wire.md §5 for key generations (all results, all equal, or
 * nothing) and §6 for signatures (the first verified one).
 */
import type { Abort, Claim } from '@quorate/wire';
import { nameOf } from './parties.ts';
import { overdue } from './problems.ts';
import type { FailureCode, Outcome, Result, SessionState } from './types.ts';

/** The round whose messages let their receivers compute the signature. */
const REVEALING_ROUND = 3;

/** What a participant says that has lost a session's secrets (docs/spec/wire.md §10). */
const RESTARTED = 'participant_restarted';

/** How participants begin to say of their end what has a code of its own. */
const SAID: readonly FailureCode[] = ['expired', 'thread_stopped'];

/** The outcome that the results decide, or undefined while more has to come. */
export function finish(
  state: SessionState,
  options: { readonly deadlinePassed: boolean } = { deadlinePassed: false },
): Outcome | undefined {
  switch (state.kind) {
    case 'keygen':
      return finishKeygen(state);
    case 'sign':
      return finishSign(state, options.deadlinePassed);
    case 'destroy':
      return finishDestroy(state);
  }
}

function finishKeygen(state: SessionState): Outcome | undefined {
  const failed = firstFailure(state);
  if (failed !== undefined) return aborted(state, failed);
  const outputs = [...state.results.values()].flatMap((result) =>
    result.success && result.kind === 'keygen' ? [result] : [],
  );
  const [first] = outputs;
  if (first === undefined) return undefined;
  if (outputs.some(({ publicKey }) => publicKey !== first.publicKey)) {
    return disagreement(state, 'the participants report different public keys');
  }
  if (outputs.length < state.parties.length) return undefined;
  const { address, publicKey } = first;
  return { success: true, address, publicKey, missing: [] };
}

/**
 * A key is destroyed when every part is accounted for, and fewer parts than it takes to sign may be left
 * on chips that are gone. Before everybody has consented a failure ends the session.
 */
function finishDestroy(state: SessionState): Outcome | undefined {
  const failed = firstFailure(state);
  if (failed !== undefined) return aborted(state, failed);
  if (state.phase !== 'running') return undefined;
  const open = state.parties.filter(
    ({ index }) => !state.results.has(index) && !state.excused.has(index),
  );
  const excused = [...state.excused.keys()].filter((index) => !state.results.has(index));
  const left = (state.target?.destruction?.absent.length ?? 0) + excused.length;
  if (open.length > 0 || left >= state.threshold) return undefined;
  return { success: true, address: state.target?.address ?? '', missing: excused };
}

/** The first verified signature is the outcome: no other result, and none that is missing, changes it. */
function finishSign(state: SessionState, deadlinePassed: boolean): Outcome | undefined {
  const all = state.results.size === state.parties.length;
  const [signature] = signaturesOf(state);
  if (signature !== undefined) {
    if (state.rules === undefined) return finishedByAll(state, all || deadlinePassed);
    return { success: true, address: state.target?.address ?? '', signature, missing: [] };
  }
  // Once the last round is out, somebody may hold the signature: the others' results are waited for.
  const revealed = mayBeSigned(state);
  const failed = firstFailure(state);
  if (revealed && (all || deadlinePassed)) return unknownOutcome(state, failed);
  if (!revealed && failed !== undefined) return aborted(state, failed);
  return undefined;
}

const signaturesOf = (state: SessionState): string[] =>
  [...state.results.values()].flatMap((result) =>
    result.success && result.kind === 'sign' ? [result.signature] : [],
  );

/** By the rules of the first version: every result was waited for, and all had to be equal. */
function finishedByAll(state: SessionState, over: boolean): Outcome | undefined {
  const [signature = '', ...others] = signaturesOf(state);
  if (others.some((other) => other !== signature)) {
    return disagreement(state, 'the participants report different signatures');
  }
  if (!over) return undefined;
  const missing = withoutSignature(state);
  return { success: true, address: state.target?.address ?? '', signature, missing };
}

/**
 * Whether somebody may hold the signature: every signer has spoken in the round before the last and a
 * message of the last was passed on, or a signature came back. A session that fails then has an unknown
 * outcome, whatever made it fail. One signer alone cannot bring this about.
 */
export function mayBeSigned(state: SessionState): boolean {
  if (state.kind !== 'sign') return false;
  if ([...state.results.values()].some(isSuccess)) return true;
  const rounds = state.parties.map(({ index }) => state.spoken.get(index)?.round ?? 0);
  return (
    rounds.some((round) => round >= REVEALING_ROUND) && Math.min(...rounds) >= REVEALING_ROUND - 1
  );
}

type Failure = { readonly index: number } & Extract<Result, { success: false }>;

function firstFailure(state: SessionState): Failure | undefined {
  for (const [index, result] of state.results) {
    if (!result.success) return { index, ...result };
  }
  return undefined;
}

function aborted(state: SessionState, failure: Failure): Outcome {
  return { success: false, code: codeOf(failure.message), ...described(state, failure) };
}

/** The code of what a participant says of its end. */
function codeOf(message: string): FailureCode {
  if (message === RESTARTED) return 'participant_restarted';
  return SAID.find((code) => message.startsWith(`${code}: `)) ?? 'aborted';
}

/**
 * What one participant reported. Those whom its evidence proves to be at fault are concerned; without a
 * proof it and those whom it accuses, each named as what it is.
 */
function described(
  state: SessionState,
  { index, message, abort, proven = [] }: Failure,
): { details: string; concerned: number[]; abort?: Abort; claim?: Claim } {
  const name = (of: number): string => nameOf(state, of);
  const named = (of: readonly number[]): string =>
    of.map((each) => `part ${each} (${name(each)})`).join(', ');
  const known = new Set(state.parties.map((party) => party.index));
  const accused = new Set(abort?.culprits ?? []);
  const claimed = [...accused]
    .filter((each) => known.has(each) && each !== index && !proven.includes(each))
    .sort((a, b) => a - b);
  const proof = proven.length === 0 ? '' : `; proven: ${named(proven)}`;
  const claim = claimed.length === 0 ? '' : `; claimed by ${named([index])}: ${named(claimed)}`;
  return {
    details: `${name(index)}: ${message}${proof}${claim}`,
    concerned: proven.length > 0 ? [...proven] : [index, ...claimed],
    ...(abort === undefined ? {} : { abort: { ...abort, culprits: [...proven] } }),
    ...(claimed.length === 0 ? {} : { claim: { by: index, culprits: claimed } }),
  };
}

function disagreement(state: SessionState, details: string): Outcome {
  const concerned = [...state.results.keys()];
  return { success: false, code: 'conflicting_results', details, concerned };
}

function unknownOutcome(state: SessionState, failure: Failure | undefined): Outcome {
  const what =
    failure === undefined
      ? overdue(state, 'no result came after the last round')
      : described(state, failure);
  return { success: false, code: 'unknown_outcome', ...what };
}

function withoutSignature(state: SessionState): number[] {
  const indexes = state.parties.map(({ index }) => index);
  return indexes.filter((index) => !isSuccess(state.results.get(index)));
}

function isSuccess(result: Result | undefined): boolean {
  return result?.success === true;
}
