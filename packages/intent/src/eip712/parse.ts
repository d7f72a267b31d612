/** Reads typed data from JSON: every value in its canonical form, and nothing that is not signed. */
import {
  type Fields,
  MAX_TEXT,
  readAddress,
  readAnyObject,
  readArray,
  readHex,
  readInteger,
  readObject,
  readText,
} from '../fields.ts';
import {
  dependencies,
  DOMAIN_MEMBERS,
  DOMAIN_TYPE,
  type Member,
  parseType,
  parseTypes,
  refuseTypedData,
  type StructTypes,
} from './types.ts';

/** A value in canonical form: decimal integers, EIP-55 addresses, lower-case hex, text, booleans. */
export type TypedValue =
  | string
  | boolean
  | readonly TypedValue[]
  | { readonly [member: string]: TypedValue };

/** A struct's values. */
export type TypedStruct = { readonly [member: string]: TypedValue };

/** A document of EIP-712, checked against its own types. */
export interface TypedData {
  /** Only the types that are used, EIP712Domain included. */
  readonly types: { readonly [name: string]: readonly Member[] };
  readonly primaryType: string;
  readonly domain: TypedStruct;
  readonly message: TypedStruct;
}

const MAX_DEPTH = 32;
const MAX_VALUES = 8192;

interface Reader {
  readonly types: StructTypes;
  values: number;
}

/**
 * Reads typed data. Refuses missing, unknown and ill-typed members. @throws IntentError `intent/typed-data`,
 * `intent/payload`
 */
export function parseTypedData(value: unknown): TypedData {
  const fields = readObject('typed_data', value, ['types', 'primaryType', 'domain', 'message']);
  const types = withDomain(parseTypes(readAnyObject('types', fields.get('types'))), fields);
  const primaryType = readText('primaryType', fields.get('primaryType'));
  if (!types.has(primaryType)) refuseTypedData('primaryType', 'a type of this document');
  if (primaryType === DOMAIN_TYPE) refuseTypedData('primaryType', 'a message, not the domain');
  const reader: Reader = { types, values: 0 };
  const used = new Set([DOMAIN_TYPE, ...dependencies(primaryType, types)]);
  for (const name of used) {
    for (const { type } of types.get(name) ?? []) checkType(`types.${name}`, type, types);
  }
  return {
    types: Object.fromEntries([...types].filter(([name]) => used.has(name))),
    primaryType,
    domain: readStruct(reader, 'domain', DOMAIN_TYPE, fields.get('domain'), 0),
    message: readStruct(reader, 'message', primaryType, fields.get('message'), 0),
  };
}

/** Also checks the item type of arrays, because an empty array has no item to reveal a wrong type. */
function checkType(path: string, type: string, types: StructTypes): void {
  const parsed = parseType(path, type, types);
  if (parsed.kind === 'array') checkType(path, parsed.item, types);
}

function withDomain(types: StructTypes, fields: Fields): StructTypes {
  const given = types.get(DOMAIN_TYPE);
  if (given === undefined) {
    const domain = readAnyObject('domain', fields.get('domain'));
    const members = DOMAIN_MEMBERS.filter(({ name }) => domain.has(name));
    return new Map([[DOMAIN_TYPE, members], ...types]);
  }
  for (const { name, type } of given) {
    if (!DOMAIN_MEMBERS.some((member) => member.name === name && member.type === type)) {
      refuseTypedData(`types.${DOMAIN_TYPE}`, 'only the members of EIP-712 with their types');
    }
  }
  return types;
}

function readStruct(
  reader: Reader,
  path: string,
  name: string,
  value: unknown,
  depth: number,
): TypedStruct {
  const members = reader.types.get(name) ?? [];
  const fields = readObject(
    path,
    value,
    members.map((member) => member.name),
  );
  return Object.fromEntries(
    members.map((member): [string, TypedValue] => [
      member.name,
      readValue(reader, `${path}.${member.name}`, member.type, fields.get(member.name), depth + 1),
    ]),
  );
}

function readValue(
  reader: Reader,
  path: string,
  type: string,
  value: unknown,
  depth: number,
): TypedValue {
  reader.values += 1;
  if (depth > MAX_DEPTH || reader.values > MAX_VALUES) {
    refuseTypedData(path, `at most ${MAX_DEPTH} levels and ${MAX_VALUES} values`);
  }
  const parsed = parseType(path, type, reader.types);
  switch (parsed.kind) {
    case 'address':
      return readAddress(path, value);
    case 'bool':
      return typeof value === 'boolean' ? value : refuseTypedData(path, 'true or false');
    case 'string':
      return readText(path, value);
    case 'bytes':
      return readHex(path, value);
    case 'fixed-bytes':
      return readHex(path, value, parsed.length);
    case 'uint':
    case 'int':
      return readInteger(path, value, {
        bits: parsed.bits,
        signed: parsed.kind === 'int',
      }).toString();
    case 'array': {
      const items = readArray(path, value, MAX_TEXT);
      if (parsed.length !== null && items.length !== parsed.length) {
        refuseTypedData(path, `exactly ${parsed.length} items`);
      }
      return items.map((item, at) =>
        readValue(reader, `${path}[${at}]`, parsed.item, item, depth + 1),
      );
    }
    case 'struct':
      return readStruct(reader, path, parsed.name, value, depth);
  }
}
