/** The names of settings in the file and in the environment: all come from the schema. */
import { z } from 'zod';
import { FILE, schema } from './settings.ts';

interface Setting {
  readonly path: string;
  readonly isFile: boolean;
  readonly isList: boolean;
}

const ALL = settingsIn(z.toJSONSchema(schema, { io: 'input' }), '');

const namesOf = (settings: readonly Setting[]): readonly string[] =>
  settings.map(({ path }) => path);

/** Every setting with a value of its own, by its path. */
export const SETTINGS: readonly string[] = namesOf(ALL);

/** Settings that name a file or a directory. */
export const FILES: readonly string[] = namesOf(ALL.filter(({ isFile }) => isFile));

/** Settings that are lists; commas separate them where they are text. */
export const LISTS: readonly string[] = namesOf(ALL.filter(({ isList }) => isList));

/** Groups of settings. */
export const GROUPS: readonly string[] = [
  ...new Set(SETTINGS.flatMap((path) => (path.includes('.') ? [path.split('.')[0] ?? ''] : []))),
];

/** The prefix of all our variables. */
export const PREFIX = 'QUORATE_';

/** The variable that sets a setting: `QUORATE_LISTEN_PORT` sets `listen.port`. */
export const variableOf = (path: string): string =>
  PREFIX + path.replaceAll('.', '_').toUpperCase();

function settingsIn({ properties = {} }: z.core.JSONSchema.BaseSchema, prefix: string): Setting[] {
  return Object.entries(properties).flatMap(([name, inner]) => {
    const path = `${prefix}${name}`;
    if (typeof inner !== 'object') return [{ path, isFile: false, isList: false }];
    if (inner.properties !== undefined) return settingsIn(inner, `${path}.`);
    return [{ path, isFile: inner.format === FILE, isList: inner.type === 'array' }];
  });
}
