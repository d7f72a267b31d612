/**
 * The coordinator's configuration: a YAML file, then the environment (`QUORATE_*`), then flags. Unknown
 * keys are errors that name the nearest known one; secrets are never in it, only names of files.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describeIssues, yamlProblem } from '@quorate/wire';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { TokenKeySettings } from './auth/index.ts';
import type { ServerOptions } from './options.ts';
import { type CoordinatorConfig, SETTINGS, schema } from './settings.ts';

/** Refuses a configuration; the message names the key and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

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

type Tree = { [key: string]: unknown };

/**
 * Loads a configuration.
 *
 * @throws ConfigError
 */
export function loadCoordinatorConfig(sources: ConfigSources = {}): CoordinatorConfig {
  const tree = sources.file === undefined ? {} : readTree(sources.file);
  checkKeys(tree, '');
  if (sources.file !== undefined) makeAbsolute(tree, dirname(resolve(sources.file)));
  for (const [path, value] of fromEnvironment(sources.env ?? {})) put(tree, path, value);
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (!isSetting(path)) throw unknownKey(path, SETTINGS);
    if (value !== undefined)
      put(tree, path, typeof value === 'string' ? scalar(path, value) : value);
  }
  const parsed = schema.safeParse(tree);
  if (!parsed.success) throw new ConfigError(describeIssues(parsed.error));
  const config = structuredClone(parsed.data);
  makeAbsolute(config, process.cwd());
  return config;
}

/** The options of a server that runs by a configuration; reads the TLS files. */
export function serverOptionsOf(config: CoordinatorConfig): ServerOptions {
  const { tls, tokens, deadlines, limits, timeouts, rates, retention } = config;
  return {
    dataDirectory: config.data,
    host: config.listen.host,
    port: config.listen.port,
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
    ...(tls === undefined
      ? {}
      : { tls: { certificate: read(tls.certificate_file), key: read(tls.key_file) } }),
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

function readTree(name: string): Tree {
  const text = read(name);
  const problem = yamlProblem(text);
  if (problem !== undefined) throw new ConfigError(`${name}: ${problem}`);
  const lines = new LineCounter();
  // The pretty form of every error quotes the text around it, in quadratic time.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    throw new ConfigError(`${name}:${lines.linePos(mistake.pos[0]).line}: ${mistake.message}`);
  }
  const value = valueOf(name, document);
  if (value === null || value === undefined) return {};
  if (!isTree(value)) throw new ConfigError(`${name}: expected keys and values`);
  return value;
}

function valueOf(name: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'not readable';
    throw new ConfigError(`${name}: ${reason}`, { cause });
  }
}

function read(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new ConfigError(`${name} cannot be read`, { cause: error });
  }
}

function checkKeys(tree: Tree, prefix: string): void {
  for (const [key, value] of Object.entries(tree)) {
    const path = `${prefix}${key}`;
    const isGroup = SETTINGS.some((setting) => setting.startsWith(`${path}.`));
    if (!isSetting(path) && !isGroup) throw unknownKey(path, [...SETTINGS, ...groups()]);
    if (isGroup && isTree(value)) checkKeys(value, `${path}.`);
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
    const near = nearest(name, [...known.keys()]);
    if (near !== undefined && distance(name, near) <= 2) {
      throw new ConfigError(`${name} is not known; did you mean ${near}?`);
    }
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

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unknownKey(key: string, known: readonly string[]): ConfigError {
  const near = nearest(key, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new ConfigError(`${key} is not known${hint}`);
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, far: distance(name, candidate) }));
  return ranked.sort((a, b) => a.far - b.far).at(0)?.candidate;
}

/** How many letters have to be changed, added or left out. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
