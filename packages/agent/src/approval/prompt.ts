/**
 * A person decides at a terminal. Everything that came from others is escaped before it reaches the
 * screen (attacks.md R-16), and questions are asked one at a time.
 */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describePayload, escapeForDisplay, parsePayload, toHex } from '@quorate/intent';
import type { Approval, ApprovalRequest, Approve, KeygenApproval, SignApproval } from './index.ts';

const MAX_DISPLAY_LENGTH = 500;

/** The terminal to ask at. */
export interface PromptStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** Makes the decider that asks at a terminal. */
export function approveByPrompt(streams: PromptStreams): Approve {
  const asker = createAsker(streams);
  return (request, signal) => asker(describe(request), signal);
}

/** Asks a person yes or no below some lines, one question at a time; the lines must be escaped. */
export type Asker = (lines: readonly string[], signal: AbortSignal) => Promise<Approval>;

/** Makes an asker for a terminal. */
export function createAsker(streams: PromptStreams): Asker {
  let previous: Promise<unknown> = Promise.resolve();
  return (lines, signal) => {
    const answer = previous.then(() => ask(streams, lines, signal));
    previous = answer;
    return answer;
  };
}

async function ask(
  { input, output }: PromptStreams,
  shown: readonly string[],
  signal: AbortSignal,
): Promise<Approval> {
  if (signal.aborted) return { accept: false, reason: 'expired before it was answered' };
  for (const line of shown) output.write(`${line}\n`);
  const lines = createInterface({ input, output, terminal: false });
  try {
    return await new Promise<Approval>((resolve) => {
      const closed = (): void => resolve({ accept: false, reason: 'declined: no answer' });
      signal.addEventListener('abort', closed, { once: true });
      lines.once('close', closed);
      lines.once('line', (line) => resolve(answerOf(line)));
      output.write('Type yes to approve, anything else (or a reason) to decline: ');
    });
  } finally {
    lines.close();
  }
}

function answerOf(line: string): Approval {
  const text = line.trim();
  if (text.toLowerCase() === 'yes') return { accept: true };
  const reason = text === '' || text.toLowerCase() === 'no' ? 'declined' : `declined: ${text}`;
  return { accept: false, reason: escapeForDisplay(reason).slice(0, 200) };
}

/** The lines that a person sees, each free of control and direction characters. */
export function describe(request: ApprovalRequest): string[] {
  return request.kind === 'keygen' ? describeKeygen(request) : describeSign(request);
}

function describeKeygen(request: KeygenApproval): string[] {
  return [
    '── Key generation ──',
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)}`,
    `Key:          ${request.threshold} of ${request.totalParts}; you are part ${request.partIndex}`,
    ...describeParticipants(request),
  ];
}

function describeSign(request: SignApproval): string[] {
  const payload =
    request.payload ?? parsePayload({ kind: 'digest', digest: toHex(request.digest) });
  const { title, lines, warnings } = describePayload(payload);
  return [
    `── Signature: ${title} ──`,
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)}`,
    `Key:          ${request.address} (${request.threshold} of ${request.totalParts})`,
    ...describeParticipants(request),
    ...lines.map(({ label, value }) => `  ${label}: ${value}`),
    `  digest to sign: 0x${toHex(request.digest)}`,
    ...warnings.map((warning) => `  WARNING: ${warning}`),
    ...describeDisplay(request.display),
  ];
}

function describeParticipants({ participants }: ApprovalRequest): string[] {
  return participants.map(
    ({ username, partIndex, fingerprint }) =>
      `  part ${partIndex}: ${escapeForDisplay(username)} (${fingerprint})`,
  );
}

function describeDisplay(display: unknown): string[] {
  if (display === undefined || display === null) return [];
  const text = typeof display === 'string' ? display : JSON.stringify(display);
  const shown = escapeForDisplay(text.slice(0, MAX_DISPLAY_LENGTH));
  return [`  unverified note of the requester: ${shown}`];
}
