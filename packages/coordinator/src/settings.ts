/** The settings of a coordinator: their names, types, bounds and defaults. */
import { DEADLINES, type Language } from '@quorate/wire';
import { z } from 'zod';

/** A configuration with every default filled in and absolute paths. Times are seconds. */
export interface CoordinatorConfig {
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls?: { readonly certificate_file: string; readonly key_file: string } | undefined;
  readonly allow_insecure: boolean;
  readonly language: Language;
  readonly origins: readonly string[];
  readonly deadlines: {
    readonly invitation: number;
    readonly round: number;
    readonly session: number;
  };
  readonly tokens: {
    readonly algorithm: 'EdDSA' | 'ES256' | 'HS256';
    readonly key_file?: string | undefined;
    readonly jwks_file?: string | undefined;
    readonly jwks_issuer?: string | undefined;
    readonly access: number;
    readonly refresh: number;
  };
  readonly limits: {
    readonly open_sessions: number;
    readonly connections: number;
    readonly connections_per_address: number;
  };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' };
}

const seconds = (fallback: number): z.ZodDefault<z.ZodNumber> =>
  z
    .number()
    .positive()
    .max(86_400)
    .default(fallback / 1000);
const file = z.string().min(1);

/** Checks a configuration and fills in its defaults. */
export const schema: z.ZodType<CoordinatorConfig> = z.strictObject({
  /** Directory of the database and the keys. */
  data: file.default('./quorate-data'),
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(8080),
    })
    .prefault({}),
  tls: z.strictObject({ certificate_file: file, key_file: file }).optional(),
  allow_insecure: z.boolean().default(false),
  language: z.enum(['en', 'zh-CN']).default('en'),
  /** Origins of web pages that may open a WebSocket, besides the server's own. */
  origins: z.array(z.url()).default([]),
  /** Seconds. */
  deadlines: z
    .strictObject({
      invitation: seconds(DEADLINES.invitation),
      round: seconds(DEADLINES.round),
      session: seconds(DEADLINES.session),
    })
    .prefault({}),
  tokens: z
    .strictObject({
      algorithm: z.enum(['EdDSA', 'ES256', 'HS256']).default('EdDSA'),
      key_file: file.optional(),
      jwks_file: file.optional(),
      jwks_issuer: z.string().min(1).optional(),
      /** Seconds that an access token lives. */
      access: z.number().positive().max(86_400).default(900),
      /** Seconds that a login lives. */
      refresh: z.number().positive().max(2_592_000).default(43_200),
    })
    .prefault({}),
  limits: z
    .strictObject({
      open_sessions: z.int().min(1).default(256),
      connections: z.int().min(1).default(2000),
      connections_per_address: z.int().min(1).default(500),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
});

/** Every setting that has a value of its own, by its path. */
export const SETTINGS: readonly string[] = [
  'data',
  'listen.host',
  'listen.port',
  'tls.certificate_file',
  'tls.key_file',
  'allow_insecure',
  'language',
  'origins',
  'deadlines.invitation',
  'deadlines.round',
  'deadlines.session',
  'tokens.algorithm',
  'tokens.key_file',
  'tokens.jwks_file',
  'tokens.jwks_issuer',
  'tokens.access',
  'tokens.refresh',
  'limits.open_sessions',
  'limits.connections',
  'limits.connections_per_address',
  'log.level',
];
