/**
 * The agent's configuration, `config.yaml` in its directory. Paths are relative to that directory;
 * secrets are never in it, only the names of the files that hold them.
 */
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { AgentError } from './errors.ts';
import { readIfPresent } from './state/files.ts';
import { parseYaml } from './yamlFile.ts';

/** What an agent is told about its surroundings. */
export interface AgentConfig {
  /** The coordinator's WebSocket, `wss://host:port/ws`. */
  readonly url: string;
  readonly username: string;
  /** The chip's name in the coordinator's registry; when given, another one is refused. */
  readonly se_id?: string | undefined;
  readonly chip: {
    readonly kind: 'virtual';
    /** The virtual chip's sealed file. */
    readonly file: string;
    readonly passphrase_file: string;
  };
  readonly pin_file: string;
  readonly token_file: string;
  /** `auto`, `prompt`, or a policy file. */
  readonly approval: 'auto' | 'prompt' | { readonly policy: string };
  /** A certificate authority for `wss://`, PEM. */
  readonly ca_file?: string | undefined;
  /** Allows `ws://` to another host. */
  readonly allow_insecure: boolean;
  /** Threads for sessions. */
  readonly workers: number;
}

/** The name of the configuration file in an agent's directory. */
export const CONFIG_FILE = 'config.yaml';

const KEYS = [
  'url',
  'username',
  'se_id',
  'chip',
  'kind',
  'file',
  'passphrase_file',
  'pin_file',
  'token_file',
  'approval',
  'policy',
  'ca_file',
  'allow_insecure',
  'workers',
];

const path = z.string().min(1);

const configSchema: z.ZodType<AgentConfig> = z.strictObject({
  url: z.string().regex(/^wss?:\/\/.+/, 'expected ws:// or wss://'),
  username: z
    .string()
    .min(1)
    .max(64)
    .transform((name) => name.normalize('NFC')),
  se_id: z.string().min(1).max(128).optional(),
  chip: z.strictObject({
    kind: z.literal('virtual'),
    file: path.default('chip.sealed'),
    passphrase_file: path.default('chip-passphrase'),
  }),
  pin_file: path.default('pin'),
  token_file: path.default('token'),
  approval: z.union([z.enum(['auto', 'prompt']), z.strictObject({ policy: path })]),
  ca_file: path.optional(),
  allow_insecure: z.boolean().default(false),
  workers: z.int().min(1).max(16).default(1),
});

/** Parses a configuration text. @throws AgentError `config/unknown-key`, `config/invalid` */
export function parseAgentConfig(text: string, name: string = CONFIG_FILE): AgentConfig {
  return parseYaml(name, text, configSchema, KEYS, {
    invalid: 'config/invalid',
    unknownKey: 'config/unknown-key',
  });
}

/** Reads the configuration of an agent's directory. @throws AgentError `config/missing` */
export function loadAgentConfig(directory: string): AgentConfig {
  const file = join(directory, CONFIG_FILE);
  const text = readIfPresent(file)?.toString('utf8');
  if (text === undefined) {
    throw new AgentError('config/missing', `${file} is missing; run quorate agent init first`);
  }
  return parseAgentConfig(text, file);
}

/** A path of the configuration, from the agent's directory. */
export function resolvePath(directory: string, file: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}
