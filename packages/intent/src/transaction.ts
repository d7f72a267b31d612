/** Ethereum transactions: EIP-1559 and legacy with EIP-155. docs/spec/intent.md §3. */
import { parseAddress } from './address.ts';
import { concat, fromHex } from './bytes.ts';
import {
  type Fields,
  readAddress,
  readArray,
  readHex,
  readInteger,
  readObject,
  refuse,
} from './fields.ts';
import { encodeRlp, minimal, type RlpItem } from './rlp.ts';
import { splitSignature } from './signature.ts';

interface CommonTransaction {
  /** Decimal; never zero. */
  readonly chain_id: string;
  readonly nonce: string;
  readonly gas_limit: string;
  /** EIP-55, or null to create a contract */
  readonly to: string | null;
  /** wei, decimal */
  readonly value: string;
  /** `0x` hex */
  readonly data: string;
}

/** A slot list of an EIP-2930 access list. */
export interface AccessListEntry {
  readonly address: string;
  /** 32 bytes each, `0x` hex */
  readonly storage_keys: readonly string[];
}

/** A transaction of type 2. */
export interface Eip1559Transaction extends CommonTransaction {
  readonly max_priority_fee_per_gas: string;
  readonly max_fee_per_gas: string;
  readonly access_list: readonly AccessListEntry[];
}

/** A transaction without a type, always for one chain. */
export interface LegacyTransaction extends CommonTransaction {
  readonly gas_price: string;
}

const COMMON = ['chain_id', 'nonce', 'gas_limit', 'to', 'value', 'data'];
const FEES = ['max_priority_fee_per_gas', 'max_fee_per_gas'];
const TYPE = Uint8Array.of(2);

/** Reads an EIP-1559 transaction. @throws IntentError `intent/payload` */
export function parseEip1559(value: unknown): Eip1559Transaction {
  const fields = readObject('transaction', value, [...COMMON, ...FEES], ['access_list']);
  const transaction: Eip1559Transaction = {
    ...parseCommon(fields),
    max_priority_fee_per_gas: quantity(fields, 'max_priority_fee_per_gas', 256),
    max_fee_per_gas: quantity(fields, 'max_fee_per_gas', 256),
    access_list: readArray('transaction.access_list', fields.get('access_list') ?? [], 1024).map(
      parseAccessListEntry,
    ),
  };
  if (BigInt(transaction.max_priority_fee_per_gas) > BigInt(transaction.max_fee_per_gas)) {
    refuse('transaction.max_priority_fee_per_gas', 'at most max_fee_per_gas');
  }
  return transaction;
}

/** Reads a legacy transaction; refuses one without a chain id, which could be replayed on every chain (N-14). */
export function parseLegacy(value: unknown): LegacyTransaction {
  const fields = readObject('transaction', value, [...COMMON, 'gas_price']);
  return { ...parseCommon(fields), gas_price: quantity(fields, 'gas_price', 256) };
}

function parseCommon(fields: Fields): CommonTransaction {
  const to = fields.get('to');
  const transaction: CommonTransaction = {
    chain_id: quantity(fields, 'chain_id', 53),
    nonce: quantity(fields, 'nonce', 64),
    gas_limit: quantity(fields, 'gas_limit', 64),
    to: to === null ? null : readAddress('transaction.to', to),
    value: quantity(fields, 'value', 256),
    data: readHex('transaction.data', fields.get('data')),
  };
  if (transaction.chain_id === '0') refuse('transaction.chain_id', 'a chain, not 0');
  if (to === null && transaction.data === '0x') {
    refuse('transaction.to', 'a recipient, since there is no contract code');
  }
  return transaction;
}

function quantity(fields: Fields, name: string, bits: number): string {
  return readInteger(`transaction.${name}`, fields.get(name), { bits }).toString();
}

function parseAccessListEntry(value: unknown, at: number): AccessListEntry {
  const path = `transaction.access_list[${at}]`;
  const fields = readObject(path, value, ['address', 'storage_keys']);
  return {
    address: readAddress(`${path}.address`, fields.get('address')),
    storage_keys: readArray(`${path}.storage_keys`, fields.get('storage_keys'), 1024).map(
      (key, slot) => readHex(`${path}.storage_keys[${slot}]`, key, 32),
    ),
  };
}

const number = (text: string): Uint8Array => minimal(BigInt(text));

function eip1559Items(transaction: Eip1559Transaction): RlpItem[] {
  return [
    number(transaction.chain_id),
    number(transaction.nonce),
    number(transaction.max_priority_fee_per_gas),
    number(transaction.max_fee_per_gas),
    ...callItems(transaction),
    transaction.access_list.map(({ address, storage_keys }) => [
      parseAddress(address),
      storage_keys.map((key) => fromHex(key)),
    ]),
  ];
}

function legacyItems(transaction: LegacyTransaction): RlpItem[] {
  return [number(transaction.nonce), number(transaction.gas_price), ...callItems(transaction)];
}

function callItems({ gas_limit, to, value, data }: CommonTransaction): RlpItem[] {
  const recipient = to === null ? new Uint8Array(0) : parseAddress(to);
  return [number(gas_limit), recipient, number(value), fromHex(data)];
}

/** The bytes whose Keccak-256 gets signed. */
export function encodeEip1559(transaction: Eip1559Transaction): Uint8Array {
  return concat(TYPE, encodeRlp(eip1559Items(transaction)));
}

/** The bytes whose Keccak-256 gets signed (EIP-155). */
export function encodeLegacy(transaction: LegacyTransaction): Uint8Array {
  const none = new Uint8Array(0);
  return encodeRlp([...legacyItems(transaction), number(transaction.chain_id), none, none]);
}

/** The raw signed transaction. @throws IntentError `intent/signature` */
export function signedEip1559(transaction: Eip1559Transaction, signature: Uint8Array): Uint8Array {
  const { r, s, yParity } = splitSignature(signature);
  const items = [minimal(BigInt(yParity)), minimal(r), minimal(s)];
  return concat(TYPE, encodeRlp([...eip1559Items(transaction), ...items]));
}

/** The raw signed transaction; v = chain id · 2 + 35 + parity. @throws IntentError `intent/signature` */
export function signedLegacy(transaction: LegacyTransaction, signature: Uint8Array): Uint8Array {
  const { r, s, yParity } = splitSignature(signature);
  const v = BigInt(transaction.chain_id) * 2n + 35n + BigInt(yParity);
  return encodeRlp([...legacyItems(transaction), minimal(v), minimal(r), minimal(s)]);
}
