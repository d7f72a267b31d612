import { readFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import { encodeDer, IntentError } from '@quorate/intent';
import { afterAll } from 'vitest';
import {
  AID,
  ApduSecureElement,
  createVirtualChip,
  openVirtualChip,
  SecureElementError,
} from '@quorate/secure-element';
import { encodeApdu, INS, parseApdu } from '../../../packages/secure-element/src/apdu.ts';
import { decodePoint, readChipKey } from '../../../packages/secure-element/src/pkcs11/chipKey.ts';
import * as objects from '../../../packages/secure-element/src/pkcs11/objects.ts';
import {
  readRecord,
  readStates,
} from '../../../packages/secure-element/src/pkcs11/storeObjects.ts';
import { decodeState, encodeState } from '../../../packages/secure-element/src/virtual/state.ts';
import { OWN, type Parser, REFUSED } from '../support/parsers.ts';
import { at, fileOf } from './files.ts';

const throws = [SecureElementError];
const secret = new Uint8Array(32).fill(7);
const chipKey = p256.getPublicKey(secret, false);
const der = encodeDer(p256.sign(secret, secret, { lowS: false }));
const OK = [0x90, 0x00];
const concat = (...parts: (Uint8Array | number[])[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));

const INFO = new Uint8Array(42).with(4, 3);

/** A chip that gives one command these bytes, and answers what the driver asks before it. */
function answering(ins: number, answer: Uint8Array): ApduSecureElement {
  return new ApduSecureElement({
    transmit: async (apdu) => {
      if (apdu[1] === ins) return answer.slice();
      return concat(apdu[1] === INS.getInfo ? INFO : [], OK);
    },
    close: async () => undefined,
  });
}

const access = {
  recordId: secret,
  address: new Uint8Array(20),
  sessionHash: secret,
  challenge: new Uint8Array(16),
  signature: der,
};

/** Each command of the driver, and an answer that it takes. */
const COMMANDS: readonly [
  keyof typeof INS,
  Uint8Array,
  (chip: ApduSecureElement) => Promise<unknown>,
][] = [
  ['getCplc', concat([0x9f, 0x7f, 0x2a], new Uint8Array(42)), (chip) => chip.cplc()],
  ['getInfo', INFO, (chip) => chip.info()],
  ['getPublicKey', chipKey, (chip) => chip.publicKey()],
  ['personalise', new Uint8Array(0), (chip) => chip.personalise(chipKey, secret.slice(0, 6))],
  ['register', der, (chip) => chip.register(secret)],
  ['verifyPin', new Uint8Array(0), (chip) => chip.verifyPin(secret.slice(0, 6))],
  ['signSession', der, (chip) => chip.signSession(new Uint8Array(171))],
  ['getChallenge', new Uint8Array(16), (chip) => chip.challenge()],
  ['store', new Uint8Array(2), (chip) => chip.store({ ...access, secret })],
  ['read', new Uint8Array(36), (chip) => chip.read({ ...access, digest: secret })],
  ['delete', new Uint8Array(1), (chip) => chip.delete({ ...access, reasonHash: secret })],
  [
    'unblock',
    new Uint8Array(0),
    (chip) =>
      chip.unblock({
        ...access,
        puk: secret.slice(0, 8),
        newPin: secret.slice(0, 6),
      }),
  ],
];

const answers = COMMANDS.map(
  ([command, answer, ask]): Parser => ({
    kind: 'bytes',
    name: `the chip's answer to ${command}`,
    covers: ['secure-element/src/driver.ts'],
    throws,
    valid: concat(answer, OK),
    parse: (bytes) => ask(answering(INS[command], bytes)),
  }),
);

/** A token whose objects all have this value. */
const token = (value: Uint8Array): never =>
  ({
    find: () => [Buffer.of(1)],
    attribute: () => Buffer.from(value),
    unseal: () => chipKey,
  }) as never;

const state: objects.StateHead = {
  counter: 1,
  refused: 0,
  chipKey,
  records: new Map([[3, new Uint8Array(16)]]),
};
const record = { slot: 3, counter: 1, releaseCount: 0, recordId: secret, address: access.address };
const tokenObjects: readonly Parser[] = [
  {
    kind: 'bytes',
    name: "a token's public object",
    covers: ['secure-element/src/pkcs11/chipKey.ts#readChipKey'],
    throws,
    valid: concat([1], chipKey),
    parse: (value) => readChipKey(token(value)),
  },
  {
    kind: 'bytes',
    name: "a token's EC point",
    covers: ['secure-element/src/pkcs11/chipKey.ts#decodePoint'],
    throws: [IntentError],
    valid: concat([4, 65], chipKey),
    parse: decodePoint,
  },
  {
    kind: 'bytes',
    name: "a token's record",
    covers: [
      'secure-element/src/pkcs11/objects.ts#decodeRecord',
      'secure-element/src/pkcs11/storeObjects.ts#readRecord',
    ],
    throws,
    valid: concat(objects.encodeRecordHead(record), new Uint8Array(12 + 32 + 16)),
    parse: (value) => readRecord(token(value), Buffer.of(1) as never) ?? REFUSED,
  },
  {
    kind: 'bytes',
    name: "a token's state",
    covers: [
      'secure-element/src/pkcs11/objects.ts#decodeStateObject',
      'secure-element/src/pkcs11/storeObjects.ts#readStates',
    ],
    throws,
    valid: concat(objects.encodeStateHead(state), new Uint8Array(12 + 65 + 16)),
    parse: (value) => readStates(token(value), Buffer.of(1) as never, chipKey),
  },
];

const passphrase = Buffer.from('passphrase');
const chip = { file: at('chip.sealed'), passphrase };
await (await createVirtualChip({ ...chip, scryptCost: 2 })).close();
const host = await createVirtualChip({ ...chip, file: at('host.sealed'), scryptCost: 2 });
afterAll(() => host.close());

/** Of @quorate/secure-element. */
export const SECURE_ELEMENT: readonly Parser[] = [
  ...answers,
  ...tokenObjects,
  {
    kind: 'bytes',
    name: 'the sealed file of a virtual chip',
    covers: ['secure-element/src/virtual/sealedFile.ts'],
    throws,
    // Zeros behind the first place: a power cut ended the first write of the second one.
    mayTake: /^a byte too long$/,
    valid: new Uint8Array(readFileSync(chip.file)),
    parse: async (bytes) => {
      const opened = await openVirtualChip({ ...chip, file: fileOf('altered.sealed', bytes) });
      await opened.close();
    },
  },
  {
    kind: 'bytes',
    name: 'the state in the file of a virtual chip',
    covers: ['secure-element/src/virtual/state.ts#decodeState'],
    throws,
    valid: encodeState({
      counter: 1,
      cplc: new Uint8Array(42),
      triesLeft: 3,
      personalisation: null,
      records: Array.from({ length: 100 }, () => null),
    }),
    parse: decodeState,
  },
  {
    kind: 'bytes',
    name: 'what a host sends to a virtual chip',
    covers: ['secure-element/src/card/records.ts#read', 'secure-element/src/virtual/chip.ts'],
    throws: [],
    mayTake: OWN,
    valid: encodeApdu({ cla: 0, ins: INS.select, p1: 4, p2: 0, data: AID }),
    parse: async (bytes) => {
      const response = await host.transmit(bytes);
      if (response.length < 2) throw new Error('no status word');
    },
  },
  {
    kind: 'bytes',
    name: 'a command of a host',
    covers: ['secure-element/src/apdu.ts#parseApdu'],
    throws: [],
    mayTake: OWN,
    valid: encodeApdu({ cla: 0x80, ins: INS.store, p1: 0, p2: 0, data: secret }),
    parse: (bytes) => parseApdu(bytes) ?? REFUSED,
  },
];
