/**
 * The agent's configuration, `config.yaml` in its directory. Paths are relative to that directory;
 * secrets are never in it, only the names of the files that hold them.
 */
import {
  CHIP_KINDS,
  isSocketUrl,
  pcscSchema,
  pkcs11Schema,
  SOCKET_URL,
  THREAD_TIMEOUT_MS,
} from '@quorate/holder';
import { isAbsolute, join } from 'node:path';
import type { ChipAttachment, VirtualAttachment } from '@quorate/secure-element';
import { describeFileProblem, keysOf, systemCode } from '@quorate/wire';
import { readOperatorFile, UnreadableFile } from '@quorate/wire/files';
import { z } from 'zod';
import { AgentError } from './errors.ts';
import { parseYaml } from './yamlFile.ts';

/** The configuration of an agent: its surroundings. */
export interface AgentConfig {
  /** The coordinator's WebSocket, `wss://host:port/ws`. */
  readonly url: string;
  readonly username: string;
  /** The chip's name in the coordinator's registry; when given, the agent refuses another one. */
  readonly se_id?: string | undefined;
  /** The chip's place. */
  readonly chip: ChipAttachment;
  readonly pin_file: string;
  readonly token_file: string;
  /** `auto`, `prompt`, or a policy file. */
  readonly approval: 'auto' | 'prompt' | { readonly policy: string };
  /** Whether `auto` also destroys keys; a person is asked anyway, and a policy says so itself. */
  readonly allow_destroy: boolean;
  /** A certificate authority for `wss://`, PEM. */
  readonly ca_file?: string | undefined;
  /** Allows `ws://` to another host. */
  readonly allow_insecure: boolean;
  /** Threads for sessions. */
  readonly workers: number;
  /** The time that a thread may work on one thing before the agent gives it up, seconds. */
  readonly thread_timeout: number;
  /** Seconds for which the agent tries a refused registration again, slower and slower. */
  readonly give_up_after: number;
}

/** The name of the configuration file in an agent's directory. */
export const CONFIG_FILE = 'config.yaml';

const path = z.string().min(1);
const SEVEN_DAYS = 604_800;
const MAX_PATIENCE = 31_536_000;

/** The section of a configuration that names a chip. */
export const chipSchema: z.ZodType<ChipAttachment> = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('virtual'),
      file: path.default('chip.sealed'),
      passphrase_file: path.default('chip-passphrase'),
    }),
    pcscSchema,
    pkcs11Schema,
  ],
  { error: CHIP_KINDS },
);

const configSchema: z.ZodType<AgentConfig> = z.strictObject({
  url: z.string().refine(isSocketUrl, SOCKET_URL),
  username: z
    .string()
    .min(1)
    .max(64)
    .transform((name) => name.normalize('NFC')),
  se_id: z.string().min(1).max(128).optional(),
  chip: chipSchema,
  pin_file: path.default('pin'),
  token_file: path.default('token'),
  approval: z.union([z.enum(['auto', 'prompt']), z.strictObject({ policy: path })]),
  allow_destroy: z.boolean().default(false),
  ca_file: path.optional(),
  allow_insecure: z.boolean().default(false),
  workers: z.int().min(1).max(16).default(1),
  thread_timeout: z
    .int()
    .min(1)
    .max(3600)
    .default(THREAD_TIMEOUT_MS / 1000),
  give_up_after: z.int().min(0).max(MAX_PATIENCE).default(SEVEN_DAYS),
});

const KEYS = keysOf(configSchema);

/** Parses a configuration text. @throws AgentError `config/unknown-key`, `config/invalid` */
export function parseAgentConfig(text: string, name: string = CONFIG_FILE): AgentConfig {
  return parseYaml(name, text, configSchema, KEYS, {
    invalid: 'config/invalid',
    unknownKey: 'config/unknown-key',
  });
}

/** Parses a file that names one chip, as the section `chip` does. @throws AgentError `config/invalid` */
export function parseChipFile(text: string, name: string): ChipAttachment {
  return parseYaml<ChipAttachment>(name, text, chipSchema, KEYS, {
    invalid: 'config/invalid',
    unknownKey: 'config/unknown-key',
  });
}

/** Reads the configuration of an agent's directory. @throws AgentError `config/missing`, and those of the parser */
export function loadAgentConfig(directory: string): AgentConfig {
  const file = join(directory, CONFIG_FILE);
  return parseAgentConfig(readConfig(file), file);
}

function readConfig(file: string): string {
  try {
    return readOperatorFile(file).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new AgentError('config/missing', `${file} is missing; run quorate agent init first`);
    }
    if (!(error instanceof UnreadableFile)) throw error;
    throw new AgentError('config/invalid', describeFileProblem(file, error), error);
  }
}

/** A path of the configuration, from the agent's directory. */
export function resolvePath(directory: string, file: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}

/** The configured chip, its paths resolved. */
export function chipAttachment(
  directory: string,
  { chip }: Pick<AgentConfig, 'chip'>,
): ChipAttachment {
  switch (chip.kind) {
    case 'virtual':
      return {
        ...chip,
        file: resolvePath(directory, chip.file),
        passphrase_file: resolvePath(directory, chip.passphrase_file),
      };
    case 'pcsc':
      return chip;
    case 'pkcs11':
      return { ...chip, module: resolvePath(directory, chip.module) };
  }
}

/** The files of a virtual chip. @throws AgentError `config/invalid` for a chip of another kind */
export function virtualChip(directory: string, config: AgentConfig): VirtualAttachment {
  const chip = chipAttachment(directory, config);
  if (chip.kind === 'virtual') return chip;
  throw new AgentError('config/invalid', `this is for a virtual chip; chip.kind is ${chip.kind}`);
}
