/** The settings of a coordinator: their names, types, bounds and defaults. */
import { DEADLINES, type Language } from '@quorate/wire';
import { z } from 'zod';
import { ISSUER_DEFAULTS, KNOWN_FOR, type TokenType } from '../auth/index.ts';
import { RETENTION } from '../delivery/outbox.ts';
import { HSTS } from '../http/headers.ts';
import {
  CONNECTIONS,
  CONNECTIONS_PER_USER,
  RATES,
  type Rates,
  REQUEST_LIMITS,
  TIMEOUTS,
  type Timeouts,
} from '../limits/defaults.ts';

type SnakeCase<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Tail>}`
  : S;

/** A group of settings with its names in a file: `keepAlive` is `keep_alive`. */
type InFile<T> = { readonly [K in keyof T & string as SnakeCase<K>]: T[K] };

/** A configuration with every default filled in and absolute paths. Times are seconds. */
export interface CoordinatorConfig {
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls?: { readonly certificate_file: string; readonly key_file: string } | undefined;
  readonly hsts: number;
  readonly allow_insecure: boolean;
  readonly language: Language;
  readonly origins: readonly string[];
  readonly trusted_proxies: readonly string[];
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
    readonly jwks_audience?: string | undefined;
    readonly jwks_type: TokenType;
    readonly jwks_roles_claim: string;
    readonly jwks_max_life: number;
    readonly clock_tolerance: number;
    readonly access: number;
    readonly refresh: number;
  };
  readonly limits: {
    readonly open_sessions: number;
    readonly unanswered_per_participant: number;
    readonly connections: number;
    readonly connections_per_address: number;
    readonly connections_reserved?: number | undefined;
    readonly connections_per_user: number;
  };
  readonly timeouts: InFile<Timeouts>;
  readonly rates: InFile<Rates>;
  readonly retention: {
    readonly messages: number;
    readonly clients: number;
    readonly known_devices: number;
  };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' };
}

const DAY = 86_400_000;

/** A time in seconds, with its default in milliseconds. */
const seconds = (
  fallback: number,
  { min = 0.001, max = 86_400 }: { min?: number; max?: number } = {},
): z.ZodDefault<z.ZodNumber> =>
  z
    .number()
    .min(min)
    .max(max)
    .default(fallback / 1000);
/** How often something may happen. */
const times = (fallback: number, max = 1_000_000): z.ZodDefault<z.ZodInt> =>
  z.int().min(1).max(max).default(fallback);
/** A time in days, with its default in milliseconds. */
const days = (
  fallback: number,
  { min = 0, max }: { min?: number; max: number },
): z.ZodDefault<z.ZodNumber> =>
  z
    .number()
    .min(min)
    .max(max)
    .default(fallback / DAY);
/** How long a client may keep a connection waiting. */
const patience = (fallback: number): z.ZodDefault<z.ZodNumber> =>
  seconds(fallback, { min: 1, max: 600 });
/** An address, or a network in CIDR notation; never every address. */
const proxy = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'expected an address or a network (CIDR)')
  .refine((network) => !network.endsWith('/0'), 'expected proxies, not every address');
/** The schema's format for a setting that names a file or a directory. */
export const FILE = 'path';
const file = z.string().min(1).meta({ format: FILE });

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
  /** Seconds for which browsers insist on TLS after an answer over it. */
  hsts: z
    .int()
    .min(0)
    .max(2 * HSTS)
    .default(HSTS),
  allow_insecure: z.boolean().default(false),
  language: z.enum(['en', 'zh-CN']).default('en'),
  /** Origins of web pages that may open a WebSocket, besides the server's own. */
  origins: z.array(z.url()).default([]),
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
  trusted_proxies: z.array(proxy).default([]),
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
      jwks_issuer: z.string().min(1).max(512).optional(),
      /** The audience that the other issuer's tokens must name. */
      jwks_audience: z.string().min(1).max(512).optional(),
      jwks_type: z.enum(['at+jwt', 'JWT']).default(ISSUER_DEFAULTS.type),
      jwks_roles_claim: z.string().min(1).max(128).default(ISSUER_DEFAULTS.rolesClaim),
      jwks_max_life: seconds(ISSUER_DEFAULTS.maxLife, { min: 60, max: 2_592_000 }),
      /** How many seconds the other issuer's clock may be off. */
      clock_tolerance: seconds(ISSUER_DEFAULTS.clockTolerance, { min: 0, max: 300 }),
      /** Lifetime of an access token, seconds. */
      access: z.number().positive().max(86_400).default(900),
      /** Lifetime of a login, seconds. */
      refresh: z.number().positive().max(2_592_000).default(43_200),
    })
    .superRefine((tokens, context) => {
      for (const name of ['jwks_issuer', 'jwks_audience'] as const) {
        if (tokens.jwks_file === undefined || tokens[name] !== undefined) continue;
        const message = 'expected together with tokens.jwks_file';
        context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .prefault({}),
  limits: z
    .strictObject({
      open_sessions: z.int().min(1).default(REQUEST_LIMITS.openSessions),
      /** Requests of one user that one participant has not accepted yet. */
      unanswered_per_participant: z.int().min(1).default(REQUEST_LIMITS.unansweredPerParticipant),
      /** All TCP connections: HTTP, TLS handshakes, WebSockets. */
      connections: z.int().min(8).default(CONNECTIONS.total),
      connections_per_address: z.int().min(1).default(CONNECTIONS.perAddress),
      /** The part of `connections` reserved for registered clients; a quarter unless given. */
      connections_reserved: z.int().min(0).optional(),
      /** Per coordinator user, each with a `client_id` of its own. */
      connections_per_user: z.int().min(1).default(CONNECTIONS_PER_USER),
    })
    .refine(
      ({ connections, connections_reserved: reserved = 0 }) => reserved < connections,
      'expected connections_reserved below connections',
    )
    .prefault({}),
  /** Seconds. */
  timeouts: z
    .strictObject({
      handshake: patience(TIMEOUTS.handshake),
      headers: patience(TIMEOUTS.headers),
      request: patience(TIMEOUTS.request),
      keep_alive: patience(TIMEOUTS.keepAlive),
      register: patience(TIMEOUTS.register),
    })
    .prefault({}),
  /** Per minute, unless the name says otherwise. */
  rates: z
    .strictObject({
      logins_per_address: times(RATES.loginsPerAddress),
      refreshes_per_address: times(RATES.refreshesPerAddress),
      requests_per_user: times(RATES.requestsPerUser),
      /** In a row. */
      guesses_per_place: times(RATES.guessesPerPlace, 100),
      guesses_per_name: times(RATES.guessesPerName, 10_000),
      messages_per_second: times(RATES.messagesPerSecond),
      messages_at_once: times(RATES.messagesAtOnce),
    })
    .prefault({}),
  /** Days. */
  retention: z
    .strictObject({
      messages: days(RETENTION.messages, { min: 1, max: 90 }),
      clients: days(RETENTION.clients, { max: 90 }),
      known_devices: days(KNOWN_FOR, { max: 365 }),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
});
