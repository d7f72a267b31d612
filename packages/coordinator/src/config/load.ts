/**
 * The coordinator's configuration: a YAML file, then the environment (`QUORATE_*`), then flags. An unknown key
 * is an error that names the nearest known one; a configuration holds names of files, never secrets.
 */
import { dirname, resolve } from 'node:path';
import { describeIssues, nearest } from '@quorate/wire';
import type { z } from 'zod';
import { ConfigError, type ConfigFile, isTree, readConfigFile, type Tree } from './file.ts';
import { FILES, GROUPS, LISTS, PREFIX, SETTINGS, variableOf } from './names.ts';
import { type CoordinatorConfig, schema } from './settings.ts';

/** The sources of a configuration. */
export interface ConfigSources {
  /** A YAML file; paths in it are relative to its directory. */
  readonly file?: string | undefined;
  /** `QUORATE_LISTEN_PORT` sets `listen.port`, and so on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** By path, e.g. `listen.port`; they override everything else. */
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

/** The first error, with the place of the wrong value. */
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

function checkKeys(file: ConfigFile, tree: Tree, prefix: string): void {
  for (const [key, value] of Object.entries(tree)) {
    const path = `${prefix}${key}`;
    const isGroup = GROUPS.includes(path);
    if (!isSetting(path) && !isGroup)
      throw unknownKey(path, [...SETTINGS, ...GROUPS], `${file.at(path)}: `);
    if (isGroup && isTree(value)) checkKeys(file, value, `${path}.`);
  }
}

const isSetting = (path: string): boolean => SETTINGS.includes(path);

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
    // Other programs share the prefix: only names that look like a typing error are refused.
    const near = nearest(name, [...known.keys()], 2);
    if (near === undefined) continue;
    const message = `unknown variable ${name}; did you mean ${near}?`;
    throw new ConfigError('config/unknown-key', message);
  }
}

/** Reads text from the environment and from flags as a number, boolean or list. */
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
  for (const path of FILES) {
    const [head = '', key] = path.split('.');
    const holder = key === undefined ? tree : Reflect.get(tree, head);
    const name = key ?? head;
    if (!isTree(holder)) continue;
    const value = holder[name];
    if (typeof value === 'string') holder[name] = resolve(base, value);
  }
}

/** The source of each value: the variable, or file and line; an option names itself. */
type Places = Map<string, string>;

function unknownKey(key: string, known: readonly string[], place = ''): ConfigError {
  const near = nearest(key, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new ConfigError('config/unknown-key', `${place}unknown key ${JSON.stringify(key)}${hint}`);
}
