/**
 * The coordinator's configuration: a YAML file, then the environment (`QUORATE_*`), then flags. Unknown
 * keys are errors that name the nearest known one; secrets are never in it, only names of files.
 */
import { dirname, resolve } from 'node:path';
import { describeIssues, nearest } from '@quorate/wire';
import type { z } from 'zod';
import type { TokenKeySettings } from '../auth/index.ts';
import { ConfigError, type ConfigFile, isTree, readConfigFile, type Tree } from './file.ts';
import type { ServerOptions } from '../options.ts';
import { readTls } from './tls.ts';
import { type CoordinatorConfig, SETTINGS, schema } from './settings.ts';

const DAY = 86_400_000;
const PREFIX = 'QUORATE_';
const PATHS = [
  'data',
  'tls.certificate_file',
  'tls.key_file',
  'tokens.key_file',
  'tokens.jwks_file',
];

/** Settings that are lists; commas separate them where they are text. */
const LISTS = ['origins', 'trusted_proxies'];

/** Where a configuration comes from. */
export interface ConfigSources {
  /** A YAML file; paths in it are relative to its directory. */
  readonly file?: string | undefined;
  /** `QUORATE_LISTEN_PORT` sets `listen.port`, and so on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** By path, e.g. `listen.port`; they win over everything else. */
  readonly flags?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/**
 * Loads a configuration.
 *
 * @throws ConfigError
 */
export function loadCoordinatorConfig(sources: ConfigSources = {}): CoordinatorConfig {
  const file = sources.file === undefined ? undefined : readConfigFile(sources.file);
  const tree = file?.tree ?? {};
  if (file !== undefined) checkKeys(file, tree, '');
  if (sources.file !== undefined) makeAbsolute(tree, dirname(resolve(sources.file)));
  const places: Places = new Map();
  for (const [path, value] of fromEnvironment(sources.env ?? {})) {
    put(tree, path, value);
    places.set(path, `${variableOf(path)}: `);
  }
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (!isSetting(path)) throw unknownKey(path, SETTINGS);
    if (value === undefined) continue;
    put(tree, path, typeof value === 'string' ? scalar(path, value) : value);
    places.set(path, '');
  }
  const parsed = schema.safeParse(tree);
  if (!parsed.success) throw refusalOf(parsed.error, file, places);
  const config = structuredClone(parsed.data);
  makeAbsolute(config, process.cwd());
  return config;
}

/** The first thing that is wrong, with the place where it was said. */
function refusalOf(
  { issues }: z.ZodError,
  file: ConfigFile | undefined,
  places: Places,
): ConfigError {
  const first = issues.slice(0, 1);
  const path = (first[0]?.path ?? []).map(String).join('.');
  const known = [...places.keys()].find((place) => path === place || path.startsWith(`${place}.`));
  const inFile = file === undefined ? '' : `${file.at(path)}: `;
  const place = known === undefined ? inFile : (places.get(known) ?? '');
  return new ConfigError('config/invalid', `${place}${describeIssues({ issues: first })}`);
}

/** The options of a server that runs by a configuration; reads the TLS files. */
export function serverOptionsOf(config: CoordinatorConfig): ServerOptions {
  const { tls, tokens, deadlines, limits, timeouts, rates, retention } = config;
  return {
    dataDirectory: config.data,
    host: config.listen.host,
    port: config.listen.port,
    hsts: config.hsts,
    allowInsecure: config.allow_insecure,
    language: config.language,
    origins: config.origins,
    deadlines: {
      invitation: deadlines.invitation * 1000,
      round: deadlines.round * 1000,
      session: deadlines.session * 1000,
    },
    tokens: tokenSettings(tokens),
    lifetimes: { access: tokens.access * 1000, refresh: tokens.refresh * 1000 },
    requestLimits: {
      openSessions: limits.open_sessions,
      unansweredPerParticipant: limits.unanswered_per_participant,
    },
    connections: {
      total: limits.connections,
      perAddress: limits.connections_per_address,
      ...(limits.connections_reserved === undefined
        ? {}
        : { reserved: limits.connections_reserved }),
    },
    trustedProxies: config.trusted_proxies,
    timeouts: {
      handshake: timeouts.handshake * 1000,
      headers: timeouts.headers * 1000,
      request: timeouts.request * 1000,
      keepAlive: timeouts.keep_alive * 1000,
      register: timeouts.register * 1000,
    },
    rates: {
      loginsPerAddress: rates.logins_per_address,
      refreshesPerAddress: rates.refreshes_per_address,
      requestsPerUser: rates.requests_per_user,
      guessesPerPlace: rates.guesses_per_place,
      guessesPerName: rates.guesses_per_name,
      messagesPerSecond: rates.messages_per_second,
      messagesAtOnce: rates.messages_at_once,
    },
    maxConnectionsPerUser: limits.connections_per_user,
    retention: { messages: retention.messages * DAY, clients: retention.clients * DAY },
    knownFor: retention.known_devices * DAY,
    ...(tls === undefined ? {} : { tls: readTls(tls) }),
  };
}

function tokenSettings(tokens: CoordinatorConfig['tokens']): Partial<TokenKeySettings> {
  const { algorithm, key_file: keyFile } = tokens;
  const { jwks_file: file, jwks_issuer: issuer, jwks_audience: audience } = tokens;
  const own = { algorithm, ...(keyFile === undefined ? {} : { keyFile }) };
  if (file === undefined || issuer === undefined || audience === undefined) return own;
  const terms = {
    type: tokens.jwks_type,
    rolesClaim: tokens.jwks_roles_claim,
    maxLife: tokens.jwks_max_life * 1000,
    clockTolerance: tokens.clock_tolerance * 1000,
  };
  return { ...own, jwks: { file, issuer, audience, ...terms } };
}

function checkKeys(file: ConfigFile, tree: Tree, prefix: string): void {
  for (const [key, value] of Object.entries(tree)) {
    const path = `${prefix}${key}`;
    const isGroup = SETTINGS.some((setting) => setting.startsWith(`${path}.`));
    if (!isSetting(path) && !isGroup)
      throw unknownKey(path, [...SETTINGS, ...groups()], `${file.at(path)}: `);
    if (isGroup && isTree(value)) checkKeys(file, value, `${path}.`);
  }
}

const isSetting = (path: string): boolean => SETTINGS.some((setting) => setting === path);

const groups = (): string[] => [
  ...new Set(SETTINGS.flatMap((path) => (path.includes('.') ? [path.split('.')[0] ?? ''] : []))),
];

function* fromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Generator<[string, unknown]> {
  const known = new Map(SETTINGS.map((path) => [variableOf(path), path]));
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    const path = known.get(name);
    if (path !== undefined) {
      yield [path, scalar(path, value)];
      continue;
    }
    // Other programs share the prefix: only what looks like a slip is refused.
    const near = nearest(name, [...known.keys()], 2);
    if (near === undefined) continue;
    const message = `unknown variable ${name}; did you mean ${near}?`;
    throw new ConfigError('config/unknown-key', message);
  }
}

const variableOf = (path: string): string => PREFIX + path.replaceAll('.', '_').toUpperCase();

/** Values of the environment and of flags are text: numbers, booleans and lists are read from it. */
function scalar(path: string, text: string): unknown {
  if (LISTS.includes(path)) return text.split(',').map((item) => item.trim());
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function put(tree: Tree, path: string, value: unknown): void {
  const [head = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const inner = tree[head];
  const next: Tree = isTree(inner) ? inner : {};
  tree[head] = next;
  put(next, rest.join('.'), value);
}

function makeAbsolute(tree: object, base: string): void {
  for (const path of PATHS) {
    const [head = '', key] = path.split('.');
    const holder = key === undefined ? tree : Reflect.get(tree, head);
    const name = key ?? head;
    if (!isTree(holder)) continue;
    const value = holder[name];
    if (typeof value === 'string') holder[name] = resolve(base, value);
  }
}

/** Where a value came from: the variable, or file and line; an option says itself what it is. */
type Places = Map<string, string>;

function unknownKey(key: string, known: readonly string[], place = ''): ConfigError {
  const near = nearest(key, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new ConfigError('config/unknown-key', `${place}unknown key ${JSON.stringify(key)}${hint}`);
}
