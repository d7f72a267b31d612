/**
 * Makes an agent's directory: configuration, local key, pins. Overwrites nothing.
 */
import { createFile, HolderError, makePrivateDirectory } from '@quorate/holder';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type AgentConfig, CONFIG_FILE, parseAgentConfig } from './config.ts';
import { AgentError } from './errors.ts';
import { emptyPins } from './roster/pins.ts';
import { STATE_FILES } from './records/names.ts';

/** The input of `agent init`. */
export interface InitOptions {
  readonly directory: string;
  readonly url: string;
  readonly username: string;
  readonly approval: AgentConfig['approval'];
  /** The roster signing key to pin, 32 bytes; null when a person will confirm fingerprints one by one. */
  readonly rosterKey: Uint8Array | null;
  /** Other settings of `config.yaml`. */
  readonly settings?: Partial<Omit<AgentConfig, 'url' | 'username' | 'approval'>>;
}

/**
 * Makes the directory of a new agent.
 * @throws HolderError `store/exists` for a directory that has an agent already
 */
export function initAgent(options: InitOptions): AgentConfig {
  const { directory, rosterKey } = options;
  if (rosterKey !== null && rosterKey.length !== 32) {
    throw new AgentError('config/invalid', `roster key of ${rosterKey.length} bytes; expected 32`);
  }
  makePrivateDirectory(directory);
  for (const name of [CONFIG_FILE, ...Object.values(STATE_FILES)]) {
    if (existsSync(join(directory, name))) {
      throw new HolderError('store/exists', `${directory} has an agent already (${name})`);
    }
  }
  const text = stringify({
    url: options.url,
    username: options.username,
    chip: { kind: 'virtual' },
    approval: options.approval,
    ...options.settings,
  });
  const config = parseAgentConfig(text);
  createFile(join(directory, STATE_FILES.localKey), randomBytes(32));
  createFile(join(directory, STATE_FILES.pins), emptyPins(rosterKey));
  createFile(join(directory, CONFIG_FILE), text);
  return config;
}
