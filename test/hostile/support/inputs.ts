/** The inputs for every parser. */
import { at, type Path, placesIn, replaced } from './samples.ts';
import { WORST_TEXTS } from './worst.ts';

/** One hostile input; a parser must refuse it, or may also take it. */
export interface Hostile<T> {
  readonly name: string;
  readonly input: T;
  readonly refuse: boolean;
}

const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  'x',
  [],
  {},
  [[[]]],
  { constructor: { prototype: { admin: true } } },
];

/** Longer than any field, and short enough for a frame; in schemas.test.ts each gets a mebibyte. */
const LONG = '\u0315'.repeat(150 * 1024) + '\u0300'.repeat(150 * 1024);

/** A key that no schema has, so that it can be found in the text again. */
const MARK = '"quorate-hostile-mark"';

/** The value with something else at each of its places. */
export function* alteredValues(valid: unknown): Generator<Hostile<unknown>> {
  for (const path of placesIn(valid)) {
    const where = path.join('.') || 'the whole';
    for (const wrong of WRONG) {
      const name = `${where} is ${JSON.stringify(wrong)}`;
      yield { name, input: replaced(valid, path, wrong), refuse: false };
    }
    yield { name: `${where} is nested`, input: replaced(valid, path, nested(2000)), refuse: true };
    if (typeof at(valid, path) !== 'string') continue;
    yield { name: `${where} is long`, input: replaced(valid, path, LONG), refuse: true };
  }
}

function nested(depth: number): unknown {
  return Array.from({ length: depth }).reduce<unknown>((inside) => [inside], 0);
}

/** Texts made of a valid one: cut off, with a key twice, with keys that reach prototypes, too deep. */
export function* alteredTexts(valid: string): Generator<Hostile<string>> {
  for (let part = 0; part < 24; part += 1) {
    const input = valid.slice(0, Math.floor((valid.trimEnd().length * part) / 24));
    yield { name: `cut off after ${input.length}`, input, refuse: true };
  }
  yield { name: 'twice', input: valid + valid, refuse: true };
  const value = jsonOf(valid);
  if (value === undefined) return;
  for (const { name, input, refuse } of alteredValues(value)) {
    yield { name, input: JSON.stringify(input), refuse };
  }
  for (const path of placesIn(value)) yield* alteredObjects(value, path);
}

/** Alters one object of a value as only a text can have it. */
function* alteredObjects(value: unknown, path: Path): Generator<Hostile<string>> {
  const object = at(value, path);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return;
  const where = path.join('.') || 'the whole';
  const written = (members: string): string =>
    JSON.stringify(replaced(value, path, MARK.slice(1, -1))).replace(MARK, () => `{${members}}`);
  const members = Object.entries(object).map(([key, one]) => [
    JSON.stringify(key),
    JSON.stringify(one),
  ]);
  const plain = members.map(([key, one]) => `${key}:${one}`).join();
  for (const [key, one] of members) {
    const input = written(`${plain},${key}:${one}`);
    yield { name: `${where} has ${key} twice`, input, refuse: true };
  }
  const rest = plain === '' ? '' : `,${plain}`;
  const proto = written(`"__proto__":{"admin":true}${rest}`);
  yield { name: `${where} has __proto__`, input: proto, refuse: true };
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  yield { name: `${where} is deep`, input: written(`"deep":${deep}${rest}`), refuse: true };
}

/** Texts that are nothing, but cost something. */
export function* worstTexts(): Generator<Hostile<string>> {
  yield { name: 'nothing', input: '', refuse: true };
  for (const [name, input] of Object.entries(WORST_TEXTS)) yield { name, input, refuse: true };
  const size = 1024 * 1024;
  const nests = ['[', '{"a":', '- ', '? ', '{', '[{"":'];
  for (const nest of nests) {
    yield { name: `nested ${nest}`, input: nest.repeat(size / nest.length), refuse: true };
  }
  yield { name: 'half a mebibyte of zeros', input: `[${'0,'.repeat(size / 4)}0]`, refuse: true };
  yield { name: 'a number of a mebibyte', input: '9'.repeat(size), refuse: true };
}

/** Bytes that are cut off, too long, changed at one place, or anything. */
export function* hostileBytes(valid: Uint8Array | null): Generator<Hostile<Uint8Array>> {
  const random = randomBytes();
  for (const length of [0, 1, 2, 16, 31, 32, 33, 64, 65, 66, 72, 171, 255, 256, 1000, 70_000]) {
    for (const fill of [0x00, 0x30, 0x7f, 0xff]) {
      yield {
        name: `${length} × ${fill}`,
        input: new Uint8Array(length).fill(fill),
        refuse: false,
      };
    }
    yield { name: `${length} at random`, input: random(length), refuse: false };
  }
  for (const fill of [0x00, 0x30, 0xff]) {
    const input = new Uint8Array(1024 * 1024).fill(fill);
    yield { name: `a mebibyte of ${fill}`, input, refuse: true };
  }
  if (valid === null) return;
  for (const part of parts(valid.length, 40)) {
    yield { name: `cut off after ${part}`, input: valid.slice(0, part), refuse: true };
  }
  const longer = new Uint8Array(valid.length + 1);
  longer.set(valid);
  yield { name: 'a byte too long', input: longer, refuse: true };
  for (const place of parts(valid.length, 80)) {
    for (const bit of [0x01, 0x80, 0xff]) {
      const input = valid.with(place, (valid[place] ?? 0) ^ bit);
      yield { name: `byte ${place} ^ ${bit}`, input, refuse: false };
    }
  }
}

/** At most `count` numbers below `length`, spread evenly. */
function parts(length: number, count: number): number[] {
  const step = Math.max(1, length / count);
  return Array.from({ length: Math.min(length, count) }, (_, at) => Math.floor(at * step));
}

/** Always the same bytes: xorshift. */
function randomBytes(): (length: number) => Uint8Array {
  let state = 0x9e3779b9;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
