/** The two keys of a chip on a token: how they are made, and their required attributes (E-4). */
import { SecureElementError } from '../errors.ts';
import { CKA, CKK, CKO, CKR, P256 } from './constants.ts';
import { returnValue } from './calls.ts';
import type { Attribute, Handle, TokenSession } from './session.ts';

/** Labels of the objects on a token. */
export const LABEL = {
  identity: 'quorate identity key v1',
  sealing: 'quorate sealing key v1',
  chipKey: 'quorate chip key v1',
  state: 'quorate state v1',
  record: 'quorate record v1',
} as const;

/** Bits of {@link NewKey.refused}, and of the state object. */
const REFUSED_COPYABLE = 1;
const REFUSED_MODIFIABLE = 2;

interface KeyRules {
  readonly label: string;
  readonly class: number;
  readonly keyType: number;
  /** Set at generation, and checked at every start. */
  readonly must: readonly (readonly [name: string, type: number, value: boolean])[];
  /** Only the token sets these; checked at every start. */
  readonly proves: readonly (readonly [name: string, type: number])[];
}

const GUARDS = [
  ['CKA_TOKEN', CKA.token, true],
  ['CKA_PRIVATE', CKA.private, true],
  ['CKA_SENSITIVE', CKA.sensitive, true],
  ['CKA_EXTRACTABLE', CKA.extractable, false],
  ['CKA_UNWRAP', CKA.unwrap, false],
  ['CKA_DERIVE', CKA.derive, false],
] as const;

const PROVES = [
  ['CKA_ALWAYS_SENSITIVE', CKA.alwaysSensitive],
  ['CKA_NEVER_EXTRACTABLE', CKA.neverExtractable],
  ['CKA_LOCAL', CKA.local],
] as const;

/** Only signs. */
const IDENTITY: KeyRules = {
  label: LABEL.identity,
  class: CKO.privateKey,
  keyType: CKK.ec,
  must: [
    ...GUARDS,
    ['CKA_SIGN', CKA.sign, true],
    ['CKA_SIGN_RECOVER', CKA.signRecover, false],
    ['CKA_DECRYPT', CKA.decrypt, false],
  ],
  proves: PROVES,
};

/** Encrypts and decrypts; a key that also wraps would release other keys through its own decryption (E-4). */
const SEALING: KeyRules = {
  label: LABEL.sealing,
  class: CKO.secretKey,
  keyType: CKK.aes,
  must: [
    ...GUARDS,
    ['CKA_WRAP', CKA.wrap, false],
    ['CKA_ENCRYPT', CKA.encrypt, true],
    ['CKA_DECRYPT', CKA.decrypt, true],
    ['CKA_SIGN', CKA.sign, false],
    ['CKA_VERIFY', CKA.verify, false],
  ],
  proves: PROVES,
};

/** Attributes that a token may not know; omitted one after the other if it refuses them. */
const OPTIONAL = [
  ['CKA_COPYABLE', CKA.copyable, REFUSED_COPYABLE],
  ['CKA_MODIFIABLE', CKA.modifiable, REFUSED_MODIFIABLE],
] as const;

const REFUSALS: ReadonlySet<number | null> = new Set<number | null>([
  CKR.attributeReadOnly,
  CKR.attributeTypeInvalid,
  CKR.attributeValueInvalid,
  CKR.argumentsBad,
  // NSS returns this for an attribute that it does not know.
  CKR.generalError,
  CKR.templateIncomplete,
  CKR.templateInconsistent,
]);

/** A key that a token made. */
interface NewKey<T> {
  readonly made: T;
  /** The optional protections that it refused. */
  readonly refused: number;
}

/** Makes both keys on the token; returns the public key's bytes as the token encodes them. */
export function generateKeys(session: TokenSession): {
  readonly sealing: Handle;
  readonly identity: Handle;
  readonly point: Uint8Array;
  readonly refused: number;
} {
  const sealing = generate((optional) =>
    session.generateAesKey([...template(SEALING, optional), { type: CKA.valueLen, value: 32 }]),
  );
  const identity = generate((optional) =>
    session.generateP256Key(
      [
        { type: CKA.token, value: true },
        { type: CKA.private, value: false },
        { type: CKA.label, value: LABEL.identity },
        { type: CKA.ecParams, value: P256 },
        { type: CKA.verify, value: true },
      ],
      template(IDENTITY, optional),
    ),
  );
  const { privateKey, publicKey } = identity.made;
  return {
    sealing: sealing.made,
    identity: privateKey,
    point: session.attribute(publicKey, CKA.ecPoint) ?? new Uint8Array(0),
    refused: sealing.refused | identity.refused,
  };
}

function generate<T>(make: (optional: readonly Attribute[]) => T): NewKey<T> {
  let refused = 0;
  for (const [, , bit] of [...OPTIONAL, ['', 0, 0] as const]) {
    const optional = OPTIONAL.filter(([, , own]) => (refused & own) === 0).map(([, type]) => ({
      type,
      value: false,
    }));
    try {
      return { made: make(optional), refused };
    } catch (error) {
      if (bit === 0 || !REFUSALS.has(returnValue(error))) throw error;
      refused |= bit;
    }
  }
  throw new Error('unreachable: the last attempt throws');
}

function template(rules: KeyRules, optional: readonly Attribute[]): Attribute[] {
  return [
    { type: CKA.label, value: rules.label },
    ...rules.must.map(([, type, value]) => ({ type, value })),
    ...optional,
  ];
}

/** Finds both keys, and refuses them unless they match the template of {@link generateKeys}. */
export function findKeys(session: TokenSession): {
  readonly sealing: Handle;
  readonly identity: Handle;
} {
  return { sealing: findKey(session, SEALING), identity: findKey(session, IDENTITY) };
}

/** Every key object with one of our labels, public halves included. */
export function allKeys(session: TokenSession): Handle[] {
  return [CKO.privateKey, CKO.publicKey, CKO.secretKey].flatMap((type) =>
    [LABEL.identity, LABEL.sealing].flatMap((label) =>
      session.find([
        { type: CKA.class, value: type },
        { type: CKA.label, value: label },
      ]),
    ),
  );
}

function findKey(session: TokenSession, rules: KeyRules): Handle {
  const found = session.find([
    { type: CKA.class, value: rules.class },
    { type: CKA.label, value: rules.label },
  ]);
  const [key] = found;
  if (key === undefined || found.length > 1) {
    throw unsafe(`it has ${found.length} keys with the label "${rules.label}", not one`);
  }
  checkAttributes(session, key, rules);
  return key;
}

/**
 * Checks attributes; one that the token does not have for such a key protects nothing, so it counts as false.
 */
function checkAttributes(session: TokenSession, key: Handle, rules: KeyRules): void {
  const keyType = session.attribute(key, CKA.keyType);
  if (keyType?.[0] !== rules.keyType) throw unsafe(`"${rules.label}" is a key of another type`);
  for (const [name, type, value] of rules.must) {
    const bytes = value ? session.attribute(key, type) : session.attributeIfKnown(key, type);
    if ((bytes?.[0] ?? 0) !== (value ? 1 : 0)) {
      throw unsafe(`${name} of "${rules.label}" is not ${value}`);
    }
  }
  for (const [name, type] of rules.proves) {
    if (session.attribute(key, type)?.[0] !== 1) {
      throw unsafe(`${name} of "${rules.label}" is not true`);
    }
  }
}

/** Refuses a key that can be changed or copied although the token had accepted the protection. */
export function checkProtections(session: TokenSession, key: Handle, refused: number): void {
  for (const [name, type, bit] of OPTIONAL) {
    if ((refused & bit) === 0 && session.attributeIfKnown(key, type)?.[0] !== 0) {
      throw unsafe(`${name} of a key is not false`);
    }
  }
}

function unsafe(what: string): SecureElementError {
  return new SecureElementError('token-unsafe', `the token is refused: ${what}`);
}
