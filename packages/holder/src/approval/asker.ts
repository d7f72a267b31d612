/**
 * Asks a person for consent at a terminal. The person types digits of what is approved, followed by digits that
 * are fresh for each question: a word that fits every question is no consent, and neither is an answer to an
 * earlier question, even about the same content.
 */
import { randomBytes } from 'node:crypto';
import { escapeForDisplay } from '@quorate/intent';
import type { Terminal, Turn } from '../terminal/terminal.ts';
import type { Approval, Subject } from './decision.ts';

const DIGITS = 4;
/** Fresh digits that are not given again soon, in any question of this process. */
const REMEMBERED = 4096;
/** Nobody mistypes so often: a program answers. */
const MAX_ANSWERS = 100;
const MAX_REASON = 200;

/** A question to a person. */
export interface Question {
  /** Names the question where it is not shown as a whole, e.g. `── Signature ──`; escaped. */
  readonly title: string;
  /** Everything else; escaped. */
  readonly lines: readonly string[];
  /** The person types the first digits of this, the most telling thing among the lines. */
  readonly subject: Subject;
  /** milliseconds */
  readonly timeLeft: number;
}

/**
 * Asks one question. `void`: the signal came first; `closed`: nobody can type an answer any more. Only an
 * `Approval` is a person's decision.
 */
export type Asker = (
  question: Question,
  signal: AbortSignal,
) => Promise<Approval | 'void' | 'closed'>;

/** Makes an asker for a terminal, which is that asker's from now on. */
export function createAsker(terminal: Terminal): Asker {
  terminal.keep();
  return (question, signal) => {
    const until = performance.now() + question.timeLeft;
    return terminal.turn((turn) => ask(turn, question, { signal, until }));
  };
}

interface Limits {
  readonly signal: AbortSignal;
  /** By the monotonic clock. */
  readonly until: number;
}

async function ask(
  turn: Turn,
  { title, lines, subject }: Question,
  { signal, until }: Limits,
): Promise<Approval | 'void' | 'closed'> {
  if (signal.aborted) {
    turn.say(`${title} void before it could be shown: ${whyVoid(signal)}`);
    return 'void';
  }
  const fresh = freshDigits();
  const code = subject.hex.toLowerCase().replace(/^0x/, '').slice(0, DIGITS) + fresh;
  const how = `To approve, type the first ${DIGITS} digits of the ${subject.name}, then ${fresh}. To decline, type no and a reason.`;
  for (const line of [title, ...lines, how]) turn.say(line);
  for (let answers = 0; answers < MAX_ANSWERS; answers += 1) {
    const answer = await turn.line(() => `Answer ${timeLeft(until)}: `, { signal });
    if (answer.kind === 'void') {
      turn.say(`${title} void: ${whyVoid(signal)}. Its digits are no longer valid.`);
      return 'void';
    }
    if (answer.kind !== 'typed') return 'closed';
    const approval = approvalOf(answer.typed, code);
    if (approval !== undefined) return approval;
    turn.say(`Nothing is decided yet. ${how}`);
  }
  return {
    accept: false,
    reason: `declined: ${MAX_ANSWERS} answers were neither the digits nor no`,
  };
}

const remembered = new Set<string>();

const random = (): string => randomBytes(DIGITS / 2).toString('hex');

/** 4 hex digits that none of the last questions of this process had. */
export function freshDigits(draw: () => string = random): string {
  let digits = draw();
  while (remembered.has(digits)) digits = draw();
  remembered.add(digits);
  const [oldest = ''] = remembered;
  if (remembered.size > REMEMBERED) remembered.delete(oldest);
  return digits;
}

/** Tells the time of day as well: it stays true while the question stands. */
function timeLeft(until: number): string {
  const left = Math.max(0, until - performance.now());
  const seconds = Math.ceil(left / 1000);
  const short = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `by ${new Date(Date.now() + left).toTimeString().slice(0, 8)} (${short} left)`;
}

function whyVoid({ reason }: AbortSignal): string {
  if (typeof reason === 'string') return escapeForDisplay(reason.slice(0, MAX_REASON));
  const late = reason instanceof DOMException && reason.name === 'TimeoutError';
  return late ? 'there was no answer in time' : 'the session ended';
}

/** Undefined for anything but the code and a plain no. */
function approvalOf(typed: string, code: string): Approval | undefined {
  const text = typed.trim();
  if (text.toLowerCase().replace(/^0x/, '').replace(/[\s-]/g, '') === code) return { accept: true };
  const no = /^no(?:$|[^\p{L}\p{N}](.*)$)/isu.exec(text);
  if (no === null) return undefined;
  const reason = (no[1] ?? '').trim();
  const told = reason === '' ? 'declined' : `declined: ${reason}`;
  return { accept: false, reason: escapeForDisplay(told).slice(0, MAX_REASON) };
}
