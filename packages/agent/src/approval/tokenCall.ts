/**
 * The calls that move tokens or let somebody else move them, as a policy has to know them (ERC-20).
 */
import { fromHex, parseAddress, toHex } from '@quorate/intent';

/** The effect of a call on tokens of the called contract. */
export interface TokenCall {
  /** The address that gets the tokens, or may take them; lower case. */
  readonly recipient: string;
  /** In the token's smallest unit. */
  readonly amount: bigint;
}

/** Selector, and the position of the recipient among the arguments; the amount is the last one. */
const CALLS: ReadonlyMap<string, { readonly recipient: number; readonly count: number }> = new Map([
  ['a9059cbb', { recipient: 0, count: 2 }], // transfer(to, amount)
  ['23b872dd', { recipient: 1, count: 3 }], // transferFrom(from, to, amount)
  ['095ea7b3', { recipient: 0, count: 2 }], // approve(spender, amount)
  ['39509351', { recipient: 0, count: 2 }], // increaseAllowance(spender, amount)
]);

/**
 * Reads calldata (`0x` hex): a token call, `'malformed'` when it begins like one and is not exactly
 * one, or null for any other call.
 */
export function readTokenCall(data: string): TokenCall | 'malformed' | null {
  const bytes = fromHex(data);
  const call = CALLS.get(toHex(bytes.subarray(0, 4)));
  if (call === undefined) return null;
  if (bytes.length !== 4 + 32 * call.count) return 'malformed';
  const word = (at: number): string => toHex(bytes.subarray(4 + 32 * at, 36 + 32 * at));
  const recipient = word(call.recipient);
  if (!recipient.startsWith('0'.repeat(24))) return 'malformed';
  return {
    recipient: `0x${toHex(parseAddress(`0x${recipient.slice(24)}`))}`,
    amount: BigInt(`0x${word(call.count - 1)}`),
  };
}
