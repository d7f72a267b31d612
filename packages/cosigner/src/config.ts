/**
 * The configuration of a cosigner: required and optional keys. Paths are relative to the file; it never holds
 * secrets, only the names of their files.
 */
import {
  CHIP_KINDS,
  isSocketUrl,
  messageOf,
  pcscSchema,
  pkcs11Schema,
  SOCKET_URL,
  THREAD_TIMEOUT_MS,
} from '@quorate/holder';
import { dirname, isAbsolute, join } from 'node:path';
import { keysOf } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { z } from 'zod';
import { readYaml } from './configFile.ts';
import { rulesProblem } from './configRules.ts';
import type { CosignerChip, CosignerConfig } from './configShape.ts';
import { SetupError } from './errors.ts';

/** A configuration and its place. */
export interface LoadedConfig {
  readonly config: CosignerConfig;
  /** The directory to which its paths are relative. */
  readonly directory: string;
}

const path = z.string().min(1);
const partyName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected letters, digits, . _ -');
const seconds = z.number().min(0.1).max(86_400);

const pinFile = { pin_file: path.optional() };

const chipSchema: z.ZodType<CosignerChip> = z.preprocess(
  withKind,
  z.discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('virtual'),
        file: path.optional(),
        passphrase_file: path.optional(),
        ...pinFile,
      }),
      pcscSchema.extend(pinFile),
      pkcs11Schema.extend(pinFile),
    ],
    { error: CHIP_KINDS },
  ),
);

/** A chip without a kind is virtual. */
function withKind(chip: unknown): unknown {
  if (typeof chip !== 'object' || chip === null || Array.isArray(chip)) return chip;
  return { kind: 'virtual', ...chip };
}

const limitsSchema = z.strictObject({
  connections: z.int().min(8).max(100_000).default(1024),
  connections_per_address: z.int().min(4).max(100_000).default(256),
  connections_unproven: z.int().min(4).max(10_000).default(32),
});

const timeoutsSchema = z.strictObject({
  handshake: z.number().min(1).max(600).default(10),
  headers: z.number().min(1).max(600).default(10),
  request: z.number().min(1).max(600).default(30),
  keep_alive: z.number().min(1).max(600).default(10),
});

const keepSchema = z.strictObject({
  // With fewer days, a partner could take a removed session for one that made nothing.
  days: z.int().min(30).max(36_500).default(400),
  sessions: z.int().min(1000).max(1_000_000).default(50_000),
});

const configSchema = z.strictObject({
  listen: z.strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535),
  }),
  capabilities: z
    .array(z.enum(['keygen', 'sign']))
    .min(1)
    .max(2),
  role: z.enum(['enterprise', 'mobile-app']),
  name: partyName.optional(),
  partners: z.array(partyName).min(1).max(1000),
  peer: z.string().refine(isSocketUrl, SOCKET_URL).optional(),
  identity: z
    .strictObject({
      key_file: path.optional(),
      chip: chipSchema.default(() => chipSchema.parse({})),
    })
    .default(() => ({ chip: chipSchema.parse({}) })),
  partner_keys: z.record(partyName, path).default({}),
  store: path.default('store'),
  tls: z
    .strictObject({
      certificate_file: path.optional(),
      key_file: path.optional(),
      ca_file: path.optional(),
    })
    .optional(),
  allow_insecure: z.boolean().default(false),
  auth: z
    .strictObject({
      public_key_file: path.optional(),
      issuer: z.string().min(1).default('quorate-cosigner'),
      audience: z.string().min(1).optional(),
    })
    .default({ issuer: 'quorate-cosigner' }),
  approval: z
    .union([z.enum(['auto', 'prompt']), z.strictObject({ policy: path })], {
      error: 'expected auto, prompt or { policy: FILE }',
    })
    .default('prompt'),
  paillier_bits: z
    .union([z.literal(2048), z.literal(3072)], { error: 'expected 2048 or 3072' })
    .default(3072),
  primes: z.strictObject({ ready: z.int().min(0).max(64) }).default({ ready: 2 }),
  deadlines: z
    .strictObject({
      step: seconds.default(10),
      setup_step: seconds.default(60),
      approval: seconds.default(120),
      session: seconds.default(180),
    })
    .default({ step: 10, setup_step: 60, approval: 120, session: 180 }),
  workers: z.int().min(1).max(64).default(1),
  thread_timeout: z
    .int()
    .min(1)
    .max(3600)
    .default(THREAD_TIMEOUT_MS / 1000),
  max_sessions: z.int().min(1).max(10_000).default(1000),
  max_running: z.int().min(1).max(1000).default(16),
  keep: keepSchema.default(() => keepSchema.parse({})),
  limits: limitsSchema.default(() => limitsSchema.parse({})),
  timeouts: timeoutsSchema.default(() => timeoutsSchema.parse({})),
});

const KEYS = keysOf(configSchema);

/**
 * Parses a configuration.
 * @throws SetupError `config/unknown-key`, `config/invalid`
 */
export function parseCosignerConfig(text: string, name = 'cosigner.yaml'): CosignerConfig {
  const parsed = readYaml(name, text, configSchema, KEYS);
  const config: CosignerConfig = { ...parsed, name: parsed.name ?? parsed.role };
  const problem = rulesProblem(config);
  if (problem !== undefined) throw new SetupError('config/invalid', `${name}: ${problem}`);
  return config;
}

/** Reads a configuration file. @throws SetupError `config/missing` and those of the parser */
export function loadCosignerConfig(file: string): LoadedConfig {
  let text: string;
  try {
    text = readOperatorFile(file).toString('utf8');
  } catch (error) {
    throw new SetupError('config/missing', `${file} cannot be read: ${messageOf(error)}`, error);
  }
  return { config: parseCosignerConfig(text, file), directory: dirname(file) };
}

/** A path of the configuration. */
export function pathOf({ directory }: LoadedConfig, file: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}
