/**
 * The self-check of a chip before a ceremony (docs/chips.md): it stores and releases nothing, and the chip's
 * signature cannot be one of a session.
 *
 * @module
 */
import { openPins, readAgentRecords, readJournal, STATE_FILES } from '@quorate/agent';
import {
  chipFingerprint,
  hashFramed,
  registrationMessage,
  shortFingerprint,
  toHex,
  verifyP256,
} from '@quorate/intent';
import { type ChipInfo, type SecureElement, spareLastTry } from '@quorate/secure-element';
import type { ChipAnswer } from '@quorate/wire';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pinProblem, pinText } from './chipTries.ts';
import { type Authority, identityOf } from './chips.ts';

/** One line of the table. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** The values that the check compares with. */
export interface CheckOptions {
  readonly directory: string;
  readonly username: string;
  readonly authority: Authority;
  /** The registry's chips of this participant. */
  readonly registered: readonly ChipAnswer[];
  readonly pin: () => Promise<Uint8Array>;
  /** Use the last try of the PIN, too. */
  readonly lastTry: boolean;
  readonly tell: (text: string) => void;
}

/** The versions of the command set that this program speaks. */
const MAJOR = '1';

/** Checks a chip; a check that can no longer run has failed. */
export async function testChip(element: SecureElement, options: CheckOptions): Promise<Check[]> {
  const before = await element.info();
  const checks: Check[] = [
    check('version', before.version.split('.')[0] === MAJOR, `${before.version}, ${element.kind}`),
    check('personalised', before.personalised, before.personalised ? 'yes' : 'no: chips init'),
  ];
  if (!before.personalised) return checks;
  const pin = await checkPin(element, before, options);
  checks.push(pin);
  const info = pin.ok ? await element.info() : before;
  checks.push(capacity(info), authority(info, options.authority));
  if (pin.ok) checks.push(await possession(element));
  checks.push(await challenge(element));
  // Read before the PIN, which counts as a write: a test must not help an older copy to catch up.
  const counter = before.stateCounter ?? info.stateCounter;
  checks.push(...(await standing(element, counter, options)));
  return checks;
}

const check = (name: string, ok: boolean, detail: string): Check => ({ name, ok, detail });

async function checkPin(
  element: SecureElement,
  info: ChipInfo,
  { pin, lastTry, tell }: CheckOptions,
): Promise<Check> {
  const left = info.pinTriesLeft;
  tell(`PIN: ${pinText(left)}`);
  if (left === 0) return check('PIN', false, 'blocked; quorate chips unblock');
  try {
    // Checked before the question: nobody types a PIN in vain.
    spareLastTry('PIN', left, { lastTry });
    const typed = await pin();
    try {
      await element.verifyPin(typed, { lastTry });
    } finally {
      typed.fill(0);
    }
    return check('PIN', true, 'right');
  } catch (error) {
    const problem = pinProblem(error);
    if (problem === undefined) throw error;
    return check('PIN', false, problem.message);
  }
}

function capacity({ capacity: room, used }: ChipInfo): Check {
  return check('room', used < room, `${room - used} of ${room} records free`);
}

function authority(info: ChipInfo, { publicKey, fingerprint }: Authority): Check {
  const own = info.authorisationKeyFingerprint;
  const same = own !== null && toHex(own) === toHex(chipFingerprint(publicKey));
  const found = own === null ? 'not reported before the PIN' : shortFingerprint(own);
  return check(
    'authority',
    same,
    same ? fingerprint : `${found}; the coordinator’s is ${fingerprint}`,
  );
}

/** REGISTER over a number of our own under our own label: no coordinator ever asks for it. */
async function possession(element: SecureElement): Promise<Check> {
  const nonce = hashFramed('quorate/v1/chip-test', new Uint8Array(randomBytes(32)));
  const identity = await identityOf(element);
  const cplc = await element.cplc();
  const message = registrationMessage({ chipPublicKey: identity.publicKey, cplc, nonce });
  const ok = verifyP256(identity.publicKey, message, await element.register(nonce));
  return check('signature', ok, ok ? 'verifies under the chip’s key' : 'does not verify');
}

async function challenge(element: SecureElement): Promise<Check> {
  const [one, other] = [await element.challenge(), await element.challenge()];
  const ok = one.length === 16 && other.length === 16 && toHex(one) !== toHex(other);
  return check('challenge', ok, ok ? 'fresh' : 'repeats itself');
}

async function standing(
  element: SecureElement,
  counter: number | null,
  { directory, username, registered }: CheckOptions,
): Promise<Check[]> {
  const { publicKey, fingerprint } = await identityOf(element);
  const key = toHex(publicKey);
  const entry = registered.find((one) => one.public_key.replace(/^0x/, '').toLowerCase() === key);
  const state = entry === undefined ? 'not registered' : `${entry.se_id} is ${entry.state}`;
  const pinned = openPins(join(directory, STATE_FILES.pins)).find(username);
  const samePin = pinned !== undefined && toHex(pinned) === key;
  const pin =
    pinned === undefined ? 'nothing is pinned' : shortFingerprint(chipFingerprint(pinned));
  const last = lastCounter(directory, key);
  const open = readJournal(directory) !== undefined;
  return [
    check('registry', entry?.state === 'active', open ? `${state}; a replacement is open` : state),
    check('pinned key', samePin, samePin ? fingerprint : `${fingerprint}; pinned: ${pin}`),
    check(
      'counter',
      counter !== null && counter >= last,
      counter === null ? 'not reported before the PIN' : counterText(counter, last),
    ),
  ];
}

function counterText(counter: number, last: number): string {
  if (counter >= last) return `${counter}, not behind ${last}`;
  return `${counter}, but it was ${last}: this is an older copy of the chip`;
}

/** The highest counter that the agent has seen of this chip; its files are read, never written here. */
function lastCounter(directory: string, key: string): number {
  return readAgentRecords(directory).counterOf(key) ?? 0;
}
