/**
 * An agent's surroundings, as its configuration describes them: files that only the
 * owner can read, never arguments or the environment.
 */
import { type PinProvider, processTerminal, readSecretBytes, stampOfFile } from '@quorate/holder';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { describeFileProblem } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { approveAll } from './approval/auto.ts';
import { approveByPolicy, parsePolicy } from './approval/policy.ts';
import { approveByPrompt } from './approval/prompt.ts';
import type { Approve } from './approval/request.ts';
import { type AgentConfig, CONFIG_FILE, resolvePath } from './config.ts';
import { AgentError } from './errors.ts';

/** Reads the PIN from its file on each demand; does not try one that the chip refused until it changes. */
export function pinFromConfig(directory: string, config: AgentConfig): PinProvider {
  const path = resolvePath(directory, config.pin_file);
  return Object.assign(async () => readSecretBytes(path), { stamp: () => stampOfFile(path) });
}

/** Reads the token from its file on each demand, so that it finds a renewed one. */
export function tokenFromConfig(directory: string, config: AgentConfig): () => Promise<string> {
  return async () => {
    const bytes = readSecretBytes(resolvePath(directory, config.token_file));
    return Buffer.from(bytes).toString('utf8');
  };
}

/** The decider, until it is closed. */
export interface Approver {
  readonly approve: Approve;
  /** Gives back what it took of the process. */
  close(): void;
}

/** An approver that takes nothing of the process. */
export function approverOf(approve: Approve): Approver {
  return { approve, close: () => undefined };
}

/** Makes the configured decider. @throws AgentError `config/no-terminal`, `policy/invalid` */
export function approverFromConfig(directory: string, config: AgentConfig): Approver {
  const { approval } = config;
  if (approval === 'auto') return approverOf(approveAll({ destroy: config.allow_destroy }));
  if (approval === 'prompt') {
    checkAttended(directory, config);
    const terminal = processTerminal();
    return { approve: approveByPrompt(terminal), close: () => terminal.release() };
  }
  const file = resolvePath(directory, approval.policy);
  return approverOf(approveByPolicy(parsePolicy(file, readConfigured(file))));
}

/**
 * Refuses a configuration that asks a person where nobody can be asked (Y-3).
 *
 * @throws AgentError `config/no-terminal`
 */
export function checkAttended(directory: string, { approval }: AgentConfig): void {
  if (approval !== 'prompt' || processTerminal().isAttended) return;
  throw new AgentError(
    'config/no-terminal',
    `${join(directory, CONFIG_FILE)}: approval: prompt needs a terminal on stdin and stderr; without one use approval: {policy: FILE}, or auto for development`,
  );
}

/** Reads a file that the configuration names. */
function readConfigured(file: string): string {
  try {
    return readOperatorFile(file).toString('utf8');
  } catch (error) {
    throw new AgentError('config/missing', describeFileProblem(file, error), error);
  }
}

/** Reads the certificate authority, if one is configured. @throws AgentError `config/missing`, `config/invalid` */
export function authorityFromConfig(directory: string, config: AgentConfig): string | undefined {
  if (config.ca_file === undefined) return undefined;
  const file = resolvePath(directory, config.ca_file);
  const pem = readConfigured(file);
  try {
    // Node would take a text without a certificate in silence, and then believe no server.
    void new X509Certificate(pem);
  } catch (error) {
    throw new AgentError(
      'config/invalid',
      `ca_file: expected a certificate in ${file}, PEM`,
      error,
    );
  }
  return pem;
}
