/**
 * A person decides at a terminal. Everything that came from others is escaped before it reaches the
 * screen (attacks.md R-16), and questions are asked one at a time.
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describePayload, escapeForDisplay, parsePayload, toHex } from '@quorate/intent';
import type {
  Approval,
  ApprovalRequest,
  Approve,
  DestroyApproval,
  KeygenApproval,
  PinnedParticipant,
  SignApproval,
} from './index.ts';

const MAX_DISPLAY_LENGTH = 500;

/** The terminal to ask at. */
export interface PromptStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** Makes the decider that asks at a terminal. */
export function approveByPrompt(streams: PromptStreams): Approve {
  const asker = createAsker(streams);
  return (request, signal) => {
    if (request.kind === 'keygen') return asker(describe(request), signal);
    if (request.kind === 'destroy') {
      const code = request.address.slice(2, 6).toLowerCase();
      return asker(describe(request), signal, { code, name: 'the first 4 digits of the address' });
    }
    const code = toHex(request.digest).slice(0, 4);
    return asker(describe(request), signal, { code, name: 'the first 4 hex digits of the digest' });
  };
}

/** What has to be typed to approve; a person finds it in what is approved. */
export interface Confirmation {
  /** 4 hex digits, lower case */
  readonly code: string;
  /** What the code is, for the person. */
  readonly name: string;
}

/**
 * Asks a person below some lines, one question at a time; the lines must be escaped. Without a
 * confirmation of the caller's own, fresh digits are shown.
 */
export type Asker = (
  lines: readonly string[],
  signal: AbortSignal,
  confirmation?: Confirmation,
) => Promise<Approval>;

/** Makes an asker for a terminal. */
export function createAsker(streams: PromptStreams): Asker {
  let previous: Promise<unknown> = Promise.resolve();
  return (lines, signal, confirmation) => {
    const question = confirmation ? { lines, ...confirmation } : withFreshCode(lines);
    const answer = previous.then(() => ask(streams, question, signal));
    previous = answer.catch(() => undefined);
    return answer;
  };
}

interface Question extends Confirmation {
  readonly lines: readonly string[];
}

function withFreshCode(lines: readonly string[]): Question {
  const code = randomBytes(2).toString('hex');
  return { lines: [...lines, `  code: ${code}`], code, name: 'the code' };
}

/**
 * What was typed before a question was shown is no answer to it, and neither is a word that fits every
 * question: a person approves by copying digits of what is approved.
 */
async function ask(
  { input, output }: PromptStreams,
  { lines: shown, code, name }: Question,
  signal: AbortSignal,
): Promise<Approval> {
  if (signal.aborted) return { accept: false, reason: 'expired before it was answered' };
  if (!(await drain(input))) return { accept: false, reason: 'declined: no answer' };
  if (signal.aborted) return { accept: false, reason: 'expired before it was answered' };
  for (const line of shown) output.write(`${line}\n`);
  const lines = createInterface({ input, output, terminal: false });
  try {
    return await new Promise<Approval>((resolve) => {
      const closed = (): void => resolve({ accept: false, reason: 'declined: no answer' });
      signal.addEventListener('abort', closed, { once: true });
      lines.once('close', closed);
      lines.once('line', (line) => resolve(answerOf(line, code)));
      output.write(`Type ${name} to approve, no (or a reason) to decline: `);
    });
  } finally {
    lines.close();
  }
}

/** Throws away what waits to be read; false when there will never be more. */
async function drain(input: Readable): Promise<boolean> {
  const discard = (): void => undefined;
  input.on('data', discard);
  try {
    // The first turn starts reading, the second takes what the system holds, the third delivers it.
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    input.off('data', discard);
    input.pause();
  }
  return !input.readableEnded && !input.destroyed;
}

function answerOf(line: string, code: string): Approval {
  const text = line.trim();
  if (text.toLowerCase().replace(/^0x/, '') === code) return { accept: true };
  const plain = text === '' || text.toLowerCase() === 'no';
  if (plain) return { accept: false, reason: 'declined' };
  if (/^(0x)?[0-9a-f]{4}$/i.test(text)) {
    return { accept: false, reason: 'declined: other digits were typed' };
  }
  return { accept: false, reason: escapeForDisplay(`declined: ${text}`).slice(0, 200) };
}

/** The lines that a person sees, each free of control and direction characters. */
export function describe(request: ApprovalRequest): string[] {
  switch (request.kind) {
    case 'keygen':
      return describeKeygen(request);
    case 'sign':
      return describeSign(request);
    case 'destroy':
      return describeDestroy(request);
  }
}

function describeKeygen(request: KeygenApproval): string[] {
  return [
    '── Key generation ──',
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)} (unverified)`,
    `Key:          ${request.threshold} of ${request.totalParts}; you are part ${request.partIndex}`,
    ...describeParticipants(request),
  ];
}

function describeDestroy(request: DestroyApproval): string[] {
  const named = (label: string, people: readonly PinnedParticipant[]): string[] =>
    people.map((one) => `  ${label} ${describeParticipant(one)}`);
  return [
    '── DESTROY A KEY, for ever ──',
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)} (unverified)`,
    `Key:          ${request.address} (${request.threshold} of ${request.totalParts}); you are part ${request.partIndex}`,
    `Reason:       ${escapeForDisplay(request.reason)} (unverified)`,
    ...named('destroys', request.participants),
    ...named('not asked, its chip is said to be gone:', request.absent),
    '  WARNING: nothing brings the key back, and nothing that it holds can be moved any more',
  ];
}

function describeSign(request: SignApproval): string[] {
  const payload =
    request.payload ?? parsePayload({ kind: 'digest', digest: toHex(request.digest) });
  const { title, lines, warnings } = describePayload(payload);
  return [
    `── Signature: ${title} ──`,
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)} (unverified)`,
    `Key:          ${request.address} (${request.threshold} of ${request.totalParts})`,
    ...describeParticipants(request),
    ...lines.map(({ label, value }) => `  ${label}: ${value}`),
    `  digest to sign: 0x${toHex(request.digest)}`,
    ...warnings.map((warning) => `  WARNING: ${warning}`),
    ...describeDisplay(request.display),
  ];
}

function describeParticipants({ participants }: ApprovalRequest): string[] {
  return participants.map((one) => `  ${describeParticipant(one)}`);
}

function describeParticipant({ username, partIndex, fingerprint }: PinnedParticipant): string {
  return `part ${partIndex}: ${escapeForDisplay(username)} (${fingerprint})`;
}

function describeDisplay(display: unknown): string[] {
  if (display === undefined || display === null) return [];
  const text = typeof display === 'string' ? display : JSON.stringify(display);
  const shown = escapeForDisplay(text.slice(0, MAX_DISPLAY_LENGTH));
  return [`  unverified note of the requester: ${shown}`];
}
