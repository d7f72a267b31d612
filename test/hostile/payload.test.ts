// Payloads: the wire carries them, and @quorate/intent reads them.
import { digestOf, fromHex, IntentError, parsePayload, recoverAddress } from '@quorate/intent';
import { LIMITS, parseFrame } from '@quorate/wire';
import { addr, signTyped } from 'micro-eth-signer';
import { describe, expect, test } from 'vitest';

const hex = (bytes: number): string => 'ab'.repeat(bytes);
const request = (payload: object) => ({
  type: 'sign_request',
  session_key: 'k',
  threshold: 2,
  total_parts: 2,
  data: hex(32),
  address: `0x${hex(20)}`,
  participants: ['a', 'b'],
  payload,
});

/** Sends a payload through the wire, in a batch, and reads it at the other end. */
function carried(payload: object): ReturnType<typeof parsePayload> {
  const parsed = parseFrame(JSON.stringify([request(payload)]), { from: 'client' });
  if (!parsed.ok) throw new Error(parsed.error.details);
  const [message] = parsed.messages;
  return parsePayload(message?.type === 'sign_request' ? message.payload : undefined);
}

const transaction = (data: string) => ({
  kind: 'eip1559',
  transaction: {
    chain_id: 1,
    nonce: 0,
    max_priority_fee_per_gas: '1',
    max_fee_per_gas: '1',
    gas_limit: 21_000,
    to: `0x${hex(20)}`,
    value: '0',
    data,
  },
});

describe('W-2: calldata', () => {
  test('of 128 KiB is carried and read', () => {
    const payload = transaction(`0x${hex(LIMITS.calldata)}`);
    expect(carried(payload)).toEqual(parsePayload(payload));
  });

  test('of one byte more is refused with the limit and the size that came', () => {
    const longer = transaction(`0x${hex(LIMITS.calldata + 1)}`);
    expect(() => parsePayload(longer)).toThrow(
      new IntentError(
        'intent/payload',
        'transaction.data: 0x and hex digits of at most 131072 bytes, not of 131073',
      ),
    );
    const much = transaction(`0x${hex(2 * LIMITS.calldata)}`);
    const size = JSON.stringify(much).length;
    expect(() => carried(much)).toThrow(
      `sign_request: payload: expected at most 270336 characters of JSON, got ${size}`,
    );
  });

  test('a text to be signed has the same limit, and the refusal says what came', () => {
    const message = (length: number) => ({ kind: 'eip191', message: 'x'.repeat(length) });
    expect(carried(message(LIMITS.calldata))).toEqual(message(LIMITS.calldata));
    expect(() => carried(message(LIMITS.calldata + 1))).toThrow(
      'payload.message: a string of at most 131072 UTF-16 units, not 131073',
    );
  });
});

describe('W-12: typed data', () => {
  test('with members that objects inherit is carried, and its digest is that of wallets', () => {
    const typed = {
      types: {
        EIP712Domain: [{ name: 'name', type: 'string' }],
        constructor: [
          { name: 'constructor', type: 'uint256' },
          { name: 'prototype', type: 'string' },
          { name: 'hasOwnProperty', type: 'bool' },
          { name: 'toString', type: 'prototype[]' },
        ],
        prototype: [{ name: 'valueOf', type: 'address' }],
      },
      primaryType: 'constructor',
      domain: { name: 'constructor' },
      message: {
        constructor: '7',
        prototype: 'p',
        hasOwnProperty: true,
        toString: [{ valueOf: '0x52908400098527886E0F7030069857D2E4169EE7' }],
      },
    } as const;
    const payload = carried({ kind: 'eip712', typed_data: typed });
    const secret = '01'.repeat(32);
    const message = { ...typed.message, constructor: 7n };
    const signature = fromHex(signTyped({ ...typed, message } as never, secret, false));
    expect(recoverAddress(digestOf(payload), signature)).toBe(addr.fromPrivateKey(secret));
  });

  test('nested as deep as it is read is carried in a batch, and no deeper is read', () => {
    const nested = (levels: number) => {
      const type = (at: number) => [{ name: 'm', type: at === levels ? 'bool' : `T${at + 1}` }];
      const types = Object.fromEntries(
        Array.from({ length: levels }, (_, at) => [`T${at + 1}`, type(at + 1)]),
      );
      const message = Array.from({ length: levels }).reduce<unknown>((m) => ({ m }), true);
      const typed_data = { types, primaryType: 'T1', domain: {}, message };
      return { kind: 'eip712', typed_data };
    };
    const { typedData, frame } = LIMITS.depth;
    expect(carried(nested(typedData))).toEqual(parsePayload(nested(typedData)));
    expect(() => carried(nested(typedData + 1))).toThrow(`at most ${typedData} levels`);
    expect(() => carried(nested(frame))).toThrow(`nested deeper than ${frame}`);
  });
});
