/** The digest of EIP-712: keccak(0x19 ‖ 0x01 ‖ hashStruct(domain) ‖ hashStruct(message)). */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { parseAddress } from '../address.ts';
import { bigEndian, concat, fromHex, utf8 } from '../bytes.ts';
import type { TypedData, TypedStruct, TypedValue } from './parse.ts';
import {
  dependencies,
  DOMAIN_TYPE,
  parseType,
  refuseTypedData,
  type StructTypes,
} from './types.ts';

/** The types of one document, with the hash of each type's text once computed. */
interface Hasher {
  readonly types: StructTypes;
  readonly typeHashes: Map<string, Uint8Array>;
}

/** The digest that a wallet would sign for this document: 32 bytes. */
export function hashTypedData(data: TypedData): Uint8Array {
  const hasher: Hasher = { types: new Map(Object.entries(data.types)), typeHashes: new Map() };
  return keccak_256(
    concat(
      Uint8Array.of(0x19, 0x01),
      hashStruct(hasher, DOMAIN_TYPE, data.domain),
      hashStruct(hasher, data.primaryType, data.message),
    ),
  );
}

function hashStruct(hasher: Hasher, name: string, value: TypedStruct): Uint8Array {
  const members = hasher.types.get(name) ?? [];
  const encoded = members.map((member) => {
    const item = value[member.name];
    if (item === undefined) return refuseTypedData(member.name, 'a value');
    return encodeValue(hasher, member.type, item);
  });
  return keccak_256(concat(typeHash(hasher, name), ...encoded));
}

function typeHash({ types, typeHashes }: Hasher, name: string): Uint8Array {
  const known = typeHashes.get(name);
  if (known !== undefined) return known;
  const hash = keccak_256(utf8(encodeType(types, name)));
  typeHashes.set(name, hash);
  return hash;
}

/** E.g. `Mail(Person from,string text)Person(string name)`. */
function encodeType(types: StructTypes, root: string): string {
  return dependencies(root, types)
    .map((name) => {
      const members = types.get(name) ?? [];
      return `${name}(${members.map((member) => `${member.type} ${member.name}`).join(',')})`;
    })
    .join('');
}

function encodeValue(hasher: Hasher, type: string, value: TypedValue): Uint8Array {
  const parsed = parseType(type, type, hasher.types);
  if (typeof value === 'boolean') return word(value ? 1n : 0n);
  if (parsed.kind === 'array' && Array.isArray(value)) {
    return keccak_256(concat(...value.map((item) => encodeValue(hasher, parsed.item, item))));
  }
  if (parsed.kind === 'struct' && isStruct(value)) return hashStruct(hasher, parsed.name, value);
  if (typeof value !== 'string') return refuseTypedData(type, 'a value of its type');
  switch (parsed.kind) {
    case 'address':
      return concat(new Uint8Array(12), parseAddress(value));
    case 'string':
      return keccak_256(utf8(value));
    case 'bytes':
      return keccak_256(fromHex(value));
    case 'fixed-bytes':
      return concat(fromHex(value), new Uint8Array(32 - parsed.length));
    case 'uint':
    case 'int':
      return word(BigInt.asUintN(256, BigInt(value)));
    case 'bool':
    case 'array':
    case 'struct':
      return refuseTypedData(type, 'a value of its type');
  }
}

function isStruct(value: TypedValue): value is TypedStruct {
  return typeof value === 'object' && !Array.isArray(value);
}

function word(value: bigint): Uint8Array {
  return bigEndian(value, 32);
}
