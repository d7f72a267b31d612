import { expect, test } from 'vitest';
import {
  concat,
  decodeCertificate,
  destroyPartsHash,
  destroyReasonHash,
  encodeReceiptPayload,
  LABELS,
  sessionMessage,
  toBase64,
  toHex,
  verifyReceipt,
} from '../src/index.ts';
import { counting, makeChip } from './support/keys.ts';

const chip = makeChip(9);
const record = {
  sessionKey: 'destroy-1',
  partIndex: 2,
  sessionHash: counting(32, 1),
  keyId: counting(32, 2),
  epoch: 0,
  recordId: counting(32, 3),
  address: counting(20, 4),
  reasonHash: destroyReasonHash('the office is closed'),
};
const made = { nonce: counting(32, 5), at: 1_800_000_000_000 };
const payload = encodeReceiptPayload(record, made);
const receipt = concat(payload, chip.sign(sessionMessage(chip.publicKey, payload)));

test('a receipt verifies under the key of the chip that signed it, as bytes and as base64', () => {
  expect(verifyReceipt(receipt, record, chip.publicKey)).toBe(true);
  expect(verifyReceipt(toBase64(receipt), record, chip.publicKey)).toBe(true);
  expect(verifyReceipt(receipt, record, makeChip(8).publicKey)).toBe(false);
  expect(verifyReceipt(receipt.subarray(0, 180), record, chip.publicKey)).toBe(false);
});

test('a receipt is of one record of one session: no field of it can be another', () => {
  const others: Partial<typeof record>[] = [
    { sessionKey: 'destroy-2' },
    { partIndex: 3 },
    { sessionHash: counting(32, 9) },
    { keyId: counting(32, 9) },
    { epoch: 1 },
    { recordId: counting(32, 9) },
    { address: counting(20, 9) },
    { reasonHash: destroyReasonHash('the office is open') },
  ];
  expect(others.map((other) => Object.keys(other)[0])).toEqual(Object.keys(record));
  for (const other of others) {
    const named = { ...record, ...other };
    expect(verifyReceipt(receipt, named, chip.publicKey), JSON.stringify(other)).toBe(false);
  }
});

test('a receipt opens no session: its keys are zeros and its time has ended when it is made', () => {
  const { x25519, ed25519, notAfter, operation } = decodeCertificate(receipt);
  expect(operation).toBe('destroy');
  expect([...x25519, ...ed25519].every((byte) => byte === 0)).toBe(true);
  expect(notAfter).toBe(made.at);
});

test('another operation than destroy is no receipt, whatever else it says', () => {
  const changed = Uint8Array.from(payload);
  changed[0] = 2;
  const other = concat(changed, chip.sign(sessionMessage(chip.publicKey, changed)));
  expect(verifyReceipt(other, record, chip.publicKey)).toBe(false);
});

test('F-1: the hashes of reasons and of parts have labels of their own', () => {
  expect(new Set([LABELS.destroyParts, LABELS.destroyReason, LABELS.destroyReceipt]).size).toBe(3);
  expect(toHex(destroyPartsHash([1, 2]))).not.toBe(toHex(destroyPartsHash([12])));
  expect(toHex(destroyPartsHash([1]))).not.toBe(toHex(destroyReasonHash('\u0000\u0001')));
});
