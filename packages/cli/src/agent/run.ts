/**
 * Runs a participant's agent until it is asked to end.
 *
 * @module
 */
import { type PinProvider, stampOfFile } from '@quorate/holder';
import {
  type AgentConfig,
  checkAttended,
  createAgent,
  type LinkStatus,
  loadAgentConfig,
  resolvePath,
} from '@quorate/agent';
import type { Context } from '../context.ts';
import { type Stop, type StopOptions, untilStopped } from '../dev/interrupt.ts';
import { tellStuck } from '../dev/stuck.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { checkPolicy, existingPinFile } from '../operations/agents.ts';
import { pinProblem } from '../operations/chipTries.ts';
import { obtainSecret } from '../secrets.ts';
import { createLog, type LogLevel } from '../terminal/log.ts';

/** Options of `quorate agent run`. */
export interface RunOptions extends StopOptions {
  readonly directory: string;
  readonly pinFile?: string;
  readonly logLevel: LogLevel;
}

/**
 * Takes part in ceremonies until a signal, or until the coordinator refuses this participant.
 *
 * @throws CliError `refused` when the coordinator does not accept the registration
 */
export async function runAgent(context: Context, options: RunOptions): Promise<void> {
  const config = loadAgentConfig(options.directory);
  // Checked before the PIN is asked for and anything is opened.
  checkAttended(options.directory, config);
  if (typeof config.approval === 'object') {
    checkPolicy(resolvePath(options.directory, config.approval.policy));
  }
  const held = await holdPin(options);
  try {
    await untilStopped(options, (stop) =>
      participate(context, options, { config, pin: held.pin, stop }),
    );
  } finally {
    held.wipe();
  }
}

interface Participation {
  readonly config: AgentConfig;
  readonly pin: PinProvider;
  readonly stop: Stop;
}

async function participate(
  context: Context,
  options: RunOptions,
  { config, pin, stop }: Participation,
): Promise<void> {
  let refused: (detail: string) => void = () => undefined;
  const refusal = new Promise<string>((resolve) => {
    refused = resolve;
  });
  const agent = await createAgent({
    directory: options.directory,
    config,
    logger: createLog(context.output, options.logLevel),
    pin,
    onStatus: (status, detail) => {
      tell(context, config.username, status, detail);
      if (status === 'refused' || status === 'replaced' || status === 'failed') refused(detail);
    },
    onThreads: (threads) => {
      context.output.event({ event: 'threads', username: config.username, threads });
    },
  }).catch((error: unknown) => {
    // An agent has no --last-try: a person uses it with another command.
    throw pinProblem(error, 'quorate chips test --last-try uses it, when you are sure') ?? error;
  });
  try {
    agent.start();
    const why = await Promise.race([refusal, stop.asked.then(() => undefined)]);
    if (agent.failure) throw agent.failure;
    if (why !== undefined) throw notAccepted(config.username, why);
  } finally {
    await agent.close(stop.ending);
    tellStuck(stop, agent.threads);
  }
}

function tell(context: Context, username: string, status: LinkStatus, detail: string): void {
  context.output.event(
    status === 'registered'
      ? { event: 'registered', username }
      : { event: 'status', status, detail, username },
  );
  if (!context.output.json && status === 'registered') {
    context.output.note(
      `${username} is registered and waits for invitations; Ctrl-C stops it`,
      'good',
    );
  }
}

function notAccepted(username: string, why: string): CliError {
  return new CliError('refused', `the coordinator does not accept ${username}: ${why}`, {
    exit: EXIT.unauthorised,
    hint: 'is the token still valid, and is no other agent of this participant running?',
  });
}

/** The PIN: read from its file each time, or asked once and kept until the end. */
async function holdPin(options: RunOptions): Promise<{ pin: PinProvider; wipe(): void }> {
  const question = { question: 'PIN of the chip', option: '--pin-file' };
  const file = options.pinFile ?? existingPinFile(options.directory);
  if (file !== undefined) {
    const pin = Object.assign(() => obtainSecret(file, question), {
      stamp: () => stampOfFile(file),
    });
    return { pin, wipe: () => undefined };
  }
  const asked = await obtainSecret(undefined, question);
  return { pin: () => Promise.resolve(asked.slice()), wipe: () => asked.fill(0) };
}
