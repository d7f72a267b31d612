/**
 * Tries of a chip's PIN and PUK in words, and what to do when there are none.
 *
 * @module
 */
import {
  type ChipInfo,
  type SecureElementKind,
  SecureElementError,
  type TriesLeft,
} from '@quorate/secure-element';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';

/** The way out when a chip gives nothing out any more. */
const LOST =
  'mark the chip lost (quorate chips state), make new keys, and move the funds with the other holders';

/** The same at a cosigner: no other holder is there to move the funds. */
const HALF_LOST =
  'this side’s halves of its keys are lost, and the other side alone can move nothing: start a new store with a new chip and new keys';

/** A number of tries in words. */
function triesText(tries: number): string {
  return tries === 1 ? '1 try' : `${tries} tries`;
}

/** The known state of the PIN's tries. */
export function pinText(left: TriesLeft): string {
  if (left === null) return 'the token does not tell how many tries are left';
  if (left === 'fewer') return 'not all tries left; the token does not tell how many';
  return left === 0 ? 'blocked' : `${triesText(left)} left`;
}

/** The known state of the PUK's tries. */
export function pukText({ pukTriesLeft }: ChipInfo, kind: SecureElementKind): string {
  if (kind === 'pkcs11') return 'none: the token’s security officer sets a new PIN';
  if (pukTriesLeft === null) {
    return 'no PUK (personalised before 1.1, or without one): a blocked PIN stays blocked';
  }
  return pukTriesLeft === 0
    ? 'used up: nothing unblocks the PIN'
    : `${triesText(pukTriesLeft)} left`;
}

/** A PIN that is wrong, blocked or not tried, in words; nothing for any other error. */
export function pinProblem(
  error: unknown,
  lastTryHint = 'when you are sure of it, run the same command with --last-try',
): CliError | undefined {
  if (!(error instanceof SecureElementError)) return undefined;
  const { code, triesLeft } = error;
  const options = { exit: EXIT.refused, cause: error };
  if (code === 'last-try') {
    return new CliError(code, error.message, { ...options, hint: lastTryHint });
  }
  if (code === 'pin-blocked' || (code === 'pin-wrong' && triesLeft === 0)) {
    const hint = `quorate chips unblock sets a new PIN, with the PUK or a token’s security officer; without them ${LOST}`;
    return new CliError('pin-blocked', 'the PIN of this chip is blocked', { ...options, hint });
  }
  if (code !== 'pin-wrong') return undefined;
  if (error.unsent) return new CliError(code, error.message, options);
  const left = triesLeft === undefined ? '' : `: ${triesText(triesLeft)} left`;
  return new CliError('pin-wrong', `the PIN is wrong${left}`, options);
}

/** The reason why no new PIN can be set, in words; nothing for any other error. */
export function unblockProblem(
  error: unknown,
  whose: 'agent' | 'cosigner' = 'agent',
): CliError | undefined {
  if (!(error instanceof SecureElementError)) return undefined;
  const { code, triesLeft } = error;
  const found = UNBLOCK_PROBLEMS[code]?.(triesLeft);
  if (found === undefined) return pinProblem(error);
  const { message } = found;
  const isLast = code === 'puk-wrong' && triesLeft === 0;
  const own = whose === 'cosigner' ? HINTS_OF_COSIGNER[isLast ? 'puk-blocked' : code] : undefined;
  const hint = own ?? found.hint;
  return new CliError(code, message, { exit: EXIT.refused, hint, cause: error });
}

type Problem = (left: number | undefined) => { readonly message: string; readonly hint: string };

const UNBLOCK_PROBLEMS: Readonly<Record<string, Problem | undefined>> = {
  'no-puk': () => ({
    message: 'this chip has no PUK (personalised before 1.1, or without one)',
    hint: `a blocked PIN stays blocked: ${LOST}`,
  }),
  'pin-not-blocked': () => ({
    message: 'the PIN of this chip is not blocked: the PUK is for a blocked one only',
    hint: 'quorate chips pin changes a PIN that you know',
  }),
  'puk-wrong': (left) =>
    left === 0
      ? usedUp()
      : {
          message: `the PUK is wrong${left === undefined ? '' : `: ${triesText(left)} left`}`,
          hint: 'each try needs a new order of an administrator: run the command again',
        },
  'puk-blocked': usedUp,
  'authorisation-refused': () => ({
    message: 'the chip refused the authorisation; no try of the PUK was counted',
    hint: 'it is for another chip or challenge, or from another coordinator: run the command again',
  }),
  'challenge-unknown': () => ({
    message: 'the chip was reset since it gave the challenge; no try of the PUK was counted',
    hint: 'run the command again, and leave the chip connected until it is done',
  }),
  'so-pin-wrong': () => ({
    message: 'the PIN of the token’s security officer is wrong',
    hint: 'the token counts these tries, too',
  }),
  'so-pin-blocked': () => ({
    message: 'the PIN of the token’s security officer is blocked: nothing sets a new user PIN',
    hint: LOST,
  }),
  'invalid-data': () => ({
    message: 'the token refuses this new PIN',
    hint: 'choose one of the length that the token’s maker requires',
  }),
};

/** Where a cosigner differs: it orders each try itself, its PIN is in a file, and it holds half a key. */
const HINTS_OF_COSIGNER: Readonly<Record<string, string | undefined>> = {
  'no-puk': `a blocked PIN stays blocked: ${HALF_LOST}`,
  'pin-not-blocked': 'quorate cosigner chip tries the PIN of the PIN file',
  'puk-wrong': 'be sure of the PUK before you run the command again',
  'puk-blocked': HALF_LOST,
  'so-pin-blocked': HALF_LOST,
  'authorisation-refused': 'does the chip obey the authority of another store?',
};

function usedUp(): { readonly message: string; readonly hint: string } {
  return {
    message: 'the PUK is used up: nothing unblocks this chip, and its records are lost',
    hint: `${LOST}; the card can be used again only after a new personalisation`,
  };
}
