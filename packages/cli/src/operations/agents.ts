/**
 * Setting up an agent's directory: configuration, chip passphrase, PIN.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type AgentConfig, initAgent, type InitOptions, resolvePath } from '@quorate/agent';
import { writeDurably } from '../files.ts';

/**
 * Makes an agent's directory with a random passphrase for its chip's sealed file, unless one is there.
 *
 * @throws AgentError `store/exists`
 */
export function setUpAgent(options: InitOptions): AgentConfig {
  const config = initAgent(options);
  const passphrase = resolvePath(options.directory, config.chip.passphrase_file);
  if (!existsSync(passphrase)) {
    const text = `${randomBytes(32).toString('base64url')}\n`;
    writeDurably(passphrase, text, { private: true, fresh: true });
  }
  return config;
}
