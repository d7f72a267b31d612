/** ISO 7816-4 command APDUs, short and extended. docs/spec/chip.md §1. */

/** A decoded command APDU. */
export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
  /** The longest response that the host accepts, 1..65536; null if it named none. */
  readonly le: number | null;
}

/** Instruction bytes of the command set. */
export const INS = {
  getInfo: 0x02,
  getPublicKey: 0x04,
  personalise: 0x06,
  rotate: 0x07,
  signSession: 0x08,
  register: 0x09,
  store: 0x10,
  read: 0x12,
  delete: 0x14,
  verifyPin: 0x20,
  changePin: 0x24,
  unblock: 0x2c,
  getChallenge: 0x84,
  select: 0xa4,
  getCplc: 0xca,
} as const;

/** Commands that may be repeated when it is unknown whether the chip executed them: they change only its RAM. */
const REPEATABLE: ReadonlySet<number> = new Set([
  INS.select,
  INS.getCplc,
  INS.getInfo,
  INS.getPublicKey,
  INS.getChallenge,
  INS.register,
  INS.signSession,
]);

/** Whether a command of unknown outcome may be repeated. */
export function isRepeatable(apdu: Uint8Array): boolean {
  return REPEATABLE.has(parseApdu(apdu)?.ins ?? -1);
}

/** Class byte of the command set. */
export const CLA = 0x80;
/** Class byte of SELECT. */
export const CLA_ISO = 0x00;
/** The applet's identifier: F0 and `QUORATE`, version 1. */
export const AID: Uint8Array = Uint8Array.of(0xf0, 0x51, 0x55, 0x4f, 0x52, 0x41, 0x54, 0x45, 0x01);

/** SELECT of the applet. */
export function selectApdu(): Uint8Array {
  return encodeApdu({ cla: CLA_ISO, ins: INS.select, p1: 4, p2: 0, data: AID });
}

/** The status word of an answer; 0 if there is none. */
export function statusOf(answer: Uint8Array): number {
  return ((answer.at(-2) ?? 0) << 8) | (answer.at(-1) ?? 0);
}

/** Decodes a command APDU; null if its lengths do not add up. */
export function parseApdu(bytes: Uint8Array): CommandApdu | null {
  const [cla, ins, p1, p2] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return null;
  const body = parseBody(bytes.subarray(4));
  return body === null ? null : { cla, ins, p1, p2, ...body };
}

function parseBody(body: Uint8Array): Pick<CommandApdu, 'data' | 'le'> | null {
  const [first] = body;
  if (first === undefined) return { data: body, le: null };
  if (body.length === 1) return { data: body.subarray(1), le: first === 0 ? 256 : first };
  if (first === 0) return parseExtended(body);
  const data = body.subarray(1, 1 + first);
  const rest = body.subarray(1 + first);
  const [le] = rest;
  if (data.length !== first || rest.length > 1) return null;
  return { data, le: le === undefined ? null : le === 0 ? 256 : le };
}

function parseExtended(body: Uint8Array): Pick<CommandApdu, 'data' | 'le'> | null {
  if (body.length < 3) return null;
  const length = word(body, 1);
  if (body.length === 3) return { data: body.subarray(3), le: length === 0 ? 65_536 : length };
  const rest = body.subarray(3 + length);
  const wrong =
    length === 0 || body.length < 3 + length || (rest.length !== 0 && rest.length !== 2);
  if (wrong) return null;
  const data = body.subarray(3, 3 + length);
  if (rest.length === 0) return { data, le: null };
  return { data, le: word(rest, 0) === 0 ? 65_536 : word(rest, 0) };
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Encodes a short command APDU that accepts a response of up to 256 bytes. */
export function encodeApdu(command: Omit<CommandApdu, 'le'>): Uint8Array {
  const { cla, ins, p1, p2, data } = command;
  if (data.length > 255) throw new RangeError('at most 255 bytes of data');
  const apdu = new Uint8Array(4 + (data.length > 0 ? 1 + data.length : 0) + 1);
  apdu.set([cla, ins, p1, p2]);
  if (data.length > 0) {
    apdu[4] = data.length;
    apdu.set(data, 5);
  }
  return apdu;
}
