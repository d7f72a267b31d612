/** The type system of EIP-712. docs/spec/intent.md §4. */
import { IntentError } from '../errors.ts';
import { readArray, readObject, readText } from '../fields.ts';

/** One member of a struct type. */
export interface Member {
  readonly name: string;
  readonly type: string;
}

/** Struct types by name. */
export type StructTypes = ReadonlyMap<string, readonly Member[]>;

/** The meaning of a type's text. */
export type ParsedType =
  | { readonly kind: 'address' | 'bool' | 'string' | 'bytes' }
  | { readonly kind: 'uint' | 'int'; readonly bits: number }
  | { readonly kind: 'fixed-bytes'; readonly length: number }
  | { readonly kind: 'array'; readonly item: string; readonly length: number | null }
  | { readonly kind: 'struct'; readonly name: string };

/** The members of a domain, in the order in which they are derived if no type is given. */
export const DOMAIN_MEMBERS: readonly Member[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
];

/** The name of the domain's struct type. */
export const DOMAIN_TYPE = 'EIP712Domain';

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]{0,127}$/;
const MAX_TYPES = 64;
/** For all types together: the text hashed for a type grows with the product of both. */
const MAX_MEMBERS = 512;
const MAX_TYPE_TEXT = 256;

/** Refuses, naming the place and the expectation. */
export function refuseTypedData(path: string, expected: string): never {
  throw new IntentError('intent/typed-data', `${path}: ${expected}`);
}

/** Reads the struct types of a document: well-formed names, no duplicates, no name of a built-in type. */
export function parseTypes(entries: ReadonlyMap<string, unknown>): StructTypes {
  if (entries.size > MAX_TYPES) refuseTypedData('types', `at most ${MAX_TYPES} types`);
  const types = new Map<string, readonly Member[]>();
  for (const [name, value] of entries) {
    checkIdentifier('types', name);
    if (parseAtomic(name) !== null || /^u?int\d*$|^bytes\d*$/.test(name)) {
      refuseTypedData('types', `no struct with the name of a built-in type (${name})`);
    }
    types.set(name, parseMembers(`types.${name}`, value));
  }
  if ([...types.values()].flat().length > MAX_MEMBERS) {
    refuseTypedData('types', `at most ${MAX_MEMBERS} members`);
  }
  return types;
}

function parseMembers(path: string, value: unknown): readonly Member[] {
  const members = readArray(path, value, MAX_MEMBERS).map((item, at): Member => {
    const fields = readObject(`${path}[${at}]`, item, ['name', 'type']);
    const name = checkIdentifier(`${path}[${at}]`, readText(path, fields.get('name')));
    const type = readText(`${path}[${at}].type`, fields.get('type'));
    if (type.length > MAX_TYPE_TEXT)
      refuseTypedData(path, `types of at most ${MAX_TYPE_TEXT} units`);
    return { name, type };
  });
  if (new Set(members.map(({ name }) => name)).size !== members.length) {
    refuseTypedData(path, 'each member once');
  }
  return members;
}

function checkIdentifier(path: string, name: string): string {
  if (!IDENTIFIER.test(name) || name === '__proto__') refuseTypedData(path, 'an identifier');
  return name;
}

/** Parses a type's text among the given structs. @throws IntentError `intent/typed-data` */
export function parseType(path: string, type: string, types: StructTypes): ParsedType {
  const atomic = parseAtomic(type);
  if (atomic !== null) return atomic;
  const array = /^(.+)\[(|[1-9][0-9]{0,3})\]$/.exec(type);
  if (array) {
    const [, item = '', length = ''] = array;
    return { kind: 'array', item, length: length === '' ? null : Number(length) };
  }
  if (types.has(type)) return { kind: 'struct', name: type };
  return refuseTypedData(path, 'a canonical built-in type or a type of this document');
}

function parseAtomic(type: string): ParsedType | null {
  if (type === 'address' || type === 'bool' || type === 'string' || type === 'bytes') {
    return { kind: type };
  }
  const [, kind, digits] = /^(uint|int|bytes)([1-9][0-9]{0,2})$/.exec(type) ?? [];
  const size = Number(digits);
  if (kind === 'bytes' && size <= 32) return { kind: 'fixed-bytes', length: size };
  if ((kind === 'uint' || kind === 'int') && size <= 256 && size % 8 === 0) {
    return { kind, bits: size };
  }
  return null;
}

/** The name of the struct inside any number of array brackets, if the type is a struct. */
function structOf(type: string, types: StructTypes): string | null {
  const name = type.replace(/(\[\d*\])+$/, '');
  return types.has(name) ? name : null;
}

/** The structs that a struct depends on: itself first, the others sorted by name. */
export function dependencies(root: string, types: StructTypes): string[] {
  const found = new Set<string>();
  const open = [root];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const { type } of types.get(name) ?? []) {
      const struct = structOf(type, types);
      if (struct !== null) open.push(struct);
    }
  }
  found.delete(root);
  return [root, ...[...found].toSorted()];
}
