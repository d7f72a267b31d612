import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  decodeCertificate,
  decodeDer,
  decodePkcs8,
  decodeSpki,
  encodeCertificatePayload,
  encodeDer,
  encodePkcs8,
  encodeSpki,
  escapeForDisplay,
  describePayload,
  digestOf,
  formatAddress,
  IntentError,
  parseAddress,
  parsePayload,
  parseSignature,
  recoverAddress,
  signatureToHex,
  signRoster,
  verifyCertificate,
  verifyP256,
  verifyReceipt,
  verifyRoster,
} from '@quorate/intent';
import { decodeCall } from '../../../packages/intent/src/calldata.ts';
import {
  type BytesParser,
  OWN,
  type Parser,
  REFUSED,
  type TextParser,
} from '../support/parsers.ts';

const throws = [IntentError];
const secret = new Uint8Array(32).fill(7);
const chipKey = p256.getPublicKey(secret, false);
const address = '0x52908400098527886E0F7030069857D2E4169EE7';
const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const signed = (message: Uint8Array): Uint8Array =>
  encodeDer(p256.sign(message, secret, { lowS: false }));

const transaction = {
  chain_id: 1,
  nonce: '0x1',
  max_priority_fee_per_gas: '1',
  max_fee_per_gas: '2',
  gas_limit: 21_000,
  to: address,
  value: '1',
  data: '0xa9059cbb',
  access_list: [{ address, storage_keys: [`0x${'00'.repeat(32)}`] }],
};
const {
  max_priority_fee_per_gas: _p,
  max_fee_per_gas: _f,
  access_list: _a,
  ...common
} = transaction;
const typedData = {
  types: {
    Mail: [
      { name: 'to', type: 'Person[]' },
      { name: 'text', type: 'string' },
      { name: 'id', type: 'uint256' },
      { name: 'raw', type: 'bytes' },
      { name: 'word', type: 'bytes32' },
      { name: 'yes', type: 'bool' },
    ],
    Person: [{ name: 'wallet', type: 'address' }],
  },
  primaryType: 'Mail',
  domain: { name: 'Mail', version: '1', chainId: 1, verifyingContract: address },
  message: {
    to: [{ wallet: address }],
    text: 'hello',
    id: '1',
    raw: '0x00',
    word: `0x${'00'.repeat(32)}`,
    yes: true,
  },
};

/** All that is done with a payload of somebody else. */
function payload(kind: string, field: string, value: unknown): Parser {
  return {
    kind: 'value',
    name: `a payload of kind ${kind}`,
    covers: [
      'intent/src/payload.ts#parsePayload',
      'intent/src/transaction.ts#parseEip1559',
      'intent/src/transaction.ts#parseLegacy',
      'intent/src/eip712/parse.ts#parseTypedData',
      'intent/src/eip712/types.ts#parseTypes',
      'intent/src/eip712/types.ts#parseType',
      'intent/src/fields.ts#readObject',
      'intent/src/fields.ts#readAnyObject',
      'intent/src/fields.ts#readArray',
      'intent/src/fields.ts#readText',
      'intent/src/fields.ts#readInteger',
      'intent/src/fields.ts#readAddress',
      'intent/src/fields.ts#readHex',
      'intent/src/calldata.ts#decodeCall',
    ],
    throws,
    valid: { kind, [field]: value },
    parse: (foreign) => {
      const read = parsePayload(foreign);
      digestOf(read);
      return describePayload(read);
    },
  };
}

const certificate = concat(
  encodeCertificatePayload({
    operation: 'destroy',
    sessionKey: 'k',
    partIndex: 1,
    nonce: secret,
    x25519: secret,
    ed25519: secret,
    intentHash: secret,
    notAfter: 1,
  }),
  signed(secret),
);
const roster = {
  serial: 1,
  issuedAt: 1,
  entries: [{ username: 'alice', chipPublicKey: chipKey }],
};
const rosterKey = ed25519.getPublicKey(secret);
const digest = new Uint8Array(32).fill(9);
const recovered = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
const signature = concat(recovered.subarray(1), Uint8Array.of(27 + (recovered[0] ?? 0)));

const bytes = (
  name: string,
  covers: string[],
  valid: Uint8Array,
  parse: (bytes: Uint8Array) => unknown,
): BytesParser => ({ kind: 'bytes', name, covers, throws, valid, parse });

const text = (
  name: string,
  covers: string[],
  valid: string,
  parse: (text: string) => unknown,
): TextParser => ({ kind: 'text', name, covers, throws, valid, parse });

const certificates: readonly Parser[] = [
  bytes(
    'a session certificate',
    ['intent/src/certificate.ts#decodeCertificate'],
    certificate,
    (foreign) => {
      verifyCertificate(foreign, chipKey);
      return decodeCertificate(foreign);
    },
  ),
  text(
    'a session certificate in base64',
    ['intent/src/certificate.ts#decodeCertificate'],
    Buffer.from(certificate).toString('base64'),
    decodeCertificate,
  ),
  bytes('a DER signature', ['intent/src/der.ts#decodeDer'], signed(secret), (foreign) => {
    verifyP256(chipKey, secret, foreign);
    return decodeDer(foreign);
  }),
  bytes('a receipt of a deleted record', ['intent/src/destroy.ts'], certificate, (foreign) => {
    const hash = { sessionHash: secret, keyId: secret, recordId: secret, reasonHash: secret };
    const record = {
      sessionKey: 'k',
      partIndex: 1,
      epoch: 0,
      address: new Uint8Array(20),
      ...hash,
    };
    verifyReceipt(foreign, record, chipKey);
    return decodeCertificate(foreign);
  }),
  ...(['P-256', 'Ed25519', 'X25519'] as const).flatMap((curve): Parser[] => {
    const raw = curve === 'P-256' ? chipKey : secret;
    return [
      bytes(
        `a public key of ${curve} in DER`,
        ['intent/src/keyEncoding.ts#decodeSpki'],
        encodeSpki(curve, raw),
        (foreign) => decodeSpki(curve, foreign),
      ),
      bytes(
        `a private key of ${curve} in DER`,
        ['intent/src/keyEncoding.ts#decodePkcs8'],
        encodePkcs8(curve, secret, raw),
        (foreign) => decodePkcs8(curve, Uint8Array.from(foreign)),
      ),
    ];
  }),
];

/** Of @quorate/intent. */
export const INTENT: readonly Parser[] = [
  payload('eip1559', 'transaction', transaction),
  payload('legacy', 'transaction', { ...common, gas_price: '1' }),
  payload('eip712', 'typed_data', typedData),
  payload('eip191', 'message', 'hello'),
  payload('digest', 'digest', `0x${'11'.repeat(32)}`),
  ...certificates,
  {
    kind: 'value',
    name: 'a roster',
    covers: ['intent/src/roster.ts#parseRoster'],
    throws,
    valid: signRoster(roster, secret),
    parse: (foreign) => verifyRoster(foreign, rosterKey),
  },
  text('an address', ['intent/src/address.ts#parseAddress'], address, (foreign) =>
    formatAddress(parseAddress(foreign)),
  ),
  text(
    'a signature',
    ['intent/src/signature.ts#parseSignature'],
    signatureToHex(signature),
    (foreign) => recoverAddress(digest, parseSignature(foreign)),
  ),
  {
    ...text('a text to be shown', ['intent/src/display.ts'], 'x', (foreign) =>
      escapeForDisplay(foreign.slice(0, 65_536)),
    ),
    mayTake: OWN,
  },
  {
    ...text('calldata', ['intent/src/calldata.ts#decodeCall'], `0x${'00'.repeat(68)}`, (foreign) =>
      decodeCall(foreign) === null ? REFUSED : true,
    ),
    valid: `0xa9059cbb${'00'.repeat(64)}`,
  },
];
