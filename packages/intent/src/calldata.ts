/** The few contract calls that move or expose tokens, decoded for people. docs/spec/intent.md §5. */
import { formatAddress } from './address.ts';
import { fromHex, toBigInt, toHex } from './bytes.ts';

/** A decoded call. */
export interface DecodedCall {
  readonly signature: string;
  readonly arguments: readonly { readonly label: string; readonly value: string }[];
  readonly warnings: readonly string[];
}

type Argument = { readonly label: string; readonly type: 'address' | 'uint256' | 'bool' };

interface Call {
  readonly signature: string;
  readonly arguments: readonly Argument[];
  readonly warn?: (values: readonly bigint[]) => string | null;
}

const to: Argument = { label: 'to', type: 'address' };
const from: Argument = { label: 'from', type: 'address' };
const spender: Argument = { label: 'spender', type: 'address' };
const amount: Argument = { label: 'amount', type: 'uint256' };

/**
 * Contracts treat several values as "unlimited", the smallest being 2^96 − 1; real allowances stay below half
 * of it.
 */
const UNLIMITED = 1n << 95n;

/** Whether an allowance is effectively unlimited. */
export function isUnlimited(value: bigint): boolean {
  return value >= UNLIMITED;
}

const warnSpender = ([, value = 0n]: readonly bigint[]): string | null => {
  if (value === 0n) return null;
  return isUnlimited(value)
    ? 'unlimited approval: the spender may take every token of this kind, now and later'
    : 'approval: the spender may take this amount without asking again';
};

const CALLS: ReadonlyMap<string, Call> = new Map([
  ['a9059cbb', { signature: 'transfer(address,uint256)', arguments: [to, amount] }],
  [
    '23b872dd',
    { signature: 'transferFrom(address,address,uint256)', arguments: [from, to, amount] },
  ],
  [
    '095ea7b3',
    { signature: 'approve(address,uint256)', arguments: [spender, amount], warn: warnSpender },
  ],
  [
    '39509351',
    {
      signature: 'increaseAllowance(address,uint256)',
      arguments: [spender, amount],
      warn: warnSpender,
    },
  ],
  [
    'a22cb465',
    {
      signature: 'setApprovalForAll(address,bool)',
      arguments: [
        { label: 'operator', type: 'address' },
        { label: 'approved', type: 'bool' },
      ],
      warn: ([, approved]) =>
        approved === 1n
          ? 'approval for all: the operator may take every token of this contract'
          : null,
    },
  ],
]);

/** Decodes calldata (`0x` hex) if it is exactly one of the known calls. */
export function decodeCall(data: string): DecodedCall | null {
  const bytes = fromHex(data);
  const call = CALLS.get(toHex(bytes.subarray(0, 4)));
  if (call === undefined || bytes.length !== 4 + 32 * call.arguments.length) return null;
  const values = call.arguments.map((_, at) => toBigInt(bytes.subarray(4 + 32 * at, 36 + 32 * at)));
  const shown = call.arguments.map(({ label, type }, at) => {
    const value = format(type, values[at] ?? 0n);
    return value === null ? null : { label, value };
  });
  if (!shown.every((argument) => argument !== null)) return null;
  const warning = call.warn?.(values) ?? null;
  return {
    signature: call.signature,
    arguments: shown,
    warnings: warning === null ? [] : [warning],
  };
}

function format(type: Argument['type'], value: bigint): string | null {
  switch (type) {
    case 'address':
      if (value >= 1n << 160n) return null;
      return formatAddress(fromHex(value.toString(16).padStart(40, '0'), 20));
    case 'bool':
      return value > 1n ? null : String(value === 1n);
    case 'uint256':
      return value.toString();
  }
}
