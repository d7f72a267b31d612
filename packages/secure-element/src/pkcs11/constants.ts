/** Numbers of PKCS #11 v2.40 that drive tokens. */

/** Object classes. */
export const CKO = { data: 0, publicKey: 2, privateKey: 3, secretKey: 4 } as const;

/** Key types. */
export const CKK = { ec: 3, aes: 0x1f } as const;

/** Attributes. */
export const CKA = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  application: 0x10,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  wrap: 0x106,
  unwrap: 0x107,
  sign: 0x108,
  signRecover: 0x109,
  verify: 0x10a,
  derive: 0x10c,
  valueLen: 0x161,
  extractable: 0x162,
  local: 0x163,
  neverExtractable: 0x164,
  alwaysSensitive: 0x165,
  modifiable: 0x170,
  copyable: 0x171,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const;

/** Mechanisms, with the parameter type of pkcs11js for GCM as v2.40 lays it out. */
export const CKM = {
  ecKeyPairGen: 0x1040,
  ecdsa: 0x1041,
  aesKeyGen: 0x1080,
  aesGcm: 0x1087,
} as const;

/** Flags of slots, tokens, sessions and C_Initialize. */
export const CKF = {
  hardwareSlot: 0x4,
  userPinInitialised: 0x8,
  tokenInitialised: 0x400,
  userPinCountLow: 0x10000,
  userPinFinalTry: 0x20000,
  userPinLocked: 0x40000,
  soPinFinalTry: 0x200000,
  soPinLocked: 0x400000,
  readWriteSession: 0x2,
  serialSession: 0x4,
  osLocking: 0x2,
} as const;

/** Users that log in. */
export const CKU = { securityOfficer: 0, user: 1 } as const;

/** A read-write session with the user logged in. */
export const CKS_USER_FUNCTIONS = 3;

/** Return values with a meaning for a chip. */
export const CKR = {
  slotIdInvalid: 0x3,
  generalError: 0x5,
  functionFailed: 0x6,
  argumentsBad: 0x7,
  attributeReadOnly: 0x10,
  attributeTypeInvalid: 0x12,
  attributeValueInvalid: 0x13,
  dataInvalid: 0x20,
  deviceError: 0x30,
  deviceMemory: 0x31,
  deviceRemoved: 0x32,
  encryptedDataInvalid: 0x40,
  encryptedDataLenRange: 0x41,
  aeadDecryptFailed: 0x42,
  objectHandleInvalid: 0x82,
  operationActive: 0x90,
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLenRange: 0xa2,
  pinLocked: 0xa4,
  sessionClosed: 0xb0,
  sessionHandleInvalid: 0xb3,
  templateIncomplete: 0xd0,
  templateInconsistent: 0xd1,
  tokenNotPresent: 0xe0,
  tokenNotRecognised: 0xe1,
  userAlreadyLoggedIn: 0x100,
  userNotLoggedIn: 0x101,
  userPinNotInitialised: 0x102,
  cryptokiNotInitialised: 0x190,
  cryptokiAlreadyInitialised: 0x191,
} as const;

/** DER of the object identifier of P-256. */
export const P256: Buffer = Buffer.from('06082a8648ce3d030107', 'hex');
