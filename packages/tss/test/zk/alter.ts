/** Ways to alter a proof or statement, whatever its type: every number in it, wherever it lies. */

type Alter<T> = (replace: (value: bigint) => bigint) => T;

/** A number inside a value, and the value with that number replaced. */
export interface Leaf<T> {
  readonly path: string;
  readonly value: bigint;
  readonly alter: Alter<T>;
}

/** Of long arrays the first, the middle and the last item stand for all. */
const sampled = (length: number): number[] =>
  length > 4 ? [0, length >> 1, length - 1] : Array.from({ length }, (_, at) => at);

const children = (value: unknown): readonly (readonly [string, unknown])[] => {
  if (value instanceof Uint8Array) return [];
  if (Array.isArray(value)) return sampled(value.length).map((at) => [String(at), value[at]]);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
};

const withChild = (value: unknown, key: string, child: unknown): unknown =>
  Array.isArray(value)
    ? value.map((item, at) => (String(at) === key ? child : item))
    : { ...(value as object), [key]: child };

/** Every number in a statement or proof. */
export function leaves<T>(value: T, path = ''): Leaf<T>[] {
  if (typeof value === 'bigint') {
    return [{ path, value, alter: (replace) => replace(value) as T }];
  }
  return children(value).flatMap(([key, child]) =>
    leaves(child, `${path}.${key}`).map((leaf) => ({
      path: leaf.path,
      value: leaf.value,
      alter: ((replace) => withChild(value, key, leaf.alter(replace))) as Alter<T>,
    })),
  );
}

/** Every number replaced at once; points and signs stay. */
export function everywhere<T>(value: T, replacement: bigint): T {
  if (typeof value === 'bigint') return replacement as T;
  if (Array.isArray(value)) return value.map((item) => everywhere(item, replacement)) as T;
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, everywhere(item, replacement)]);
  return Object.fromEntries(entries) as T;
}
