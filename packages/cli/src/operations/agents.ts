/**
 * Makes an agent's directory, and puts a roster in force.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  type AgentConfig,
  type InitOptions,
  initAgent,
  loadAgentConfig,
  openState,
  parsePolicy,
  resolvePath,
  type RosterChange,
} from '@quorate/agent';
import { readText, writeDurably } from '../files.ts';

/**
 * Makes an agent's directory with a random passphrase for its chip's sealed file, unless one is there.
 *
 * @throws HolderError `store/exists`
 */
export function setUpAgent(options: InitOptions): AgentConfig {
  const config = initAgent(options);
  if (config.chip.kind !== 'virtual') return config;
  const passphrase = resolvePath(options.directory, config.chip.passphrase_file);
  if (!existsSync(passphrase)) {
    const text = `${randomBytes(32).toString('base64url')}\n`;
    writeDurably(passphrase, text, { private: true, fresh: true });
  }
  return config;
}

/** Reads a policy as the agent will. @throws AgentError `policy/invalid`, CliError `usage` */
export function checkPolicy(file: string): void {
  parsePolicy(file, readText(file, 'policy'));
}

/** The agent's PIN file, when it has one. */
export function existingPinFile(directory: string): string | undefined {
  const file = resolvePath(directory, loadAgentConfig(directory).pin_file);
  return existsSync(file) ? file : undefined;
}

/** The changes that a roster would bring for an agent. */
export interface RosterPreview {
  readonly serial: number;
  readonly changes: readonly RosterChange[];
}

/**
 * Puts a roster in force if `agree` accepts its changes. The agent must not run.
 *
 * @throws HolderError `store/locked`, `roster/…`
 */
export async function importRoster(
  directory: string,
  roster: string,
  agree: (preview: RosterPreview) => Promise<boolean> | boolean,
): Promise<RosterPreview | undefined> {
  const state = openState(directory);
  try {
    const preview = state.pins.preview(roster);
    if (!(await agree(preview))) return undefined;
    state.pins.importRoster(roster);
    return preview;
  } finally {
    state.close();
  }
}
