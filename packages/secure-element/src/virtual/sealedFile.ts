/** The virtual chip's persistent memory: a file sealed under a passphrase. docs/spec/chip.md §5. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SecureElementError } from '../errors.ts';
import { type ChipState, decodeState, encodeState, STATE_LENGTH, wipeState } from './state.ts';

/** scrypt's N unless the caller says otherwise: about a third of a second and 128 MiB. */
export const SCRYPT_COST: number = 2 ** 17;

const MAGIC = Buffer.from('QRTCHIP1', 'latin1');
const SALT_LENGTH = 16;
/** magic(8) ‖ log2 N(1) ‖ salt(16) */
const HEADER_LENGTH = MAGIC.length + 1 + SALT_LENGTH;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const MAX_LOG_COST = 20;
/** A sealed state: nonce ‖ ciphertext ‖ tag. */
const SEALED_LENGTH = NONCE_LENGTH + STATE_LENGTH + TAG_LENGTH;
const FIRST_END = HEADER_LENGTH + SEALED_LENGTH;
/** A write of one state must not touch a page of the other. */
const PAGE = 4096;
const SECOND_AT = Math.ceil(FIRST_END / PAGE) * PAGE;
const SECOND_END = SECOND_AT + SEALED_LENGTH;
/** Far more than a chip full of records has, bytes. */
const LARGEST = 16 * 1024 * 1024;

/** A file with the key that opens it. */
export class SealedFile {
  readonly #path: string;
  readonly #header: Buffer;
  /** Secret. */
  readonly #key: Buffer;
  /** The place of the present state, if it is known to be durable; the other place may be overwritten then. */
  #durableAt: number | undefined;

  private constructor(path: string, header: Buffer, key: Buffer) {
    this.#path = path;
    this.#header = header;
    this.#key = key;
  }

  /** Makes a file for a new chip. @throws SecureElementError `file-exists` */
  static async create(
    path: string,
    passphrase: Uint8Array,
    cost: number,
    state: ChipState,
  ): Promise<SealedFile> {
    const log = Math.log2(cost);
    if (!Number.isInteger(log) || log < 1 || log > MAX_LOG_COST) {
      throw new SecureElementError('input', `scrypt cost: a power of 2 up to 2^${MAX_LOG_COST}`);
    }
    const header = Buffer.concat([MAGIC, Buffer.of(log), randomBytes(SALT_LENGTH)]);
    const sealed = new SealedFile(path, header, await deriveKey(header, passphrase));
    if (existsSync(path)) {
      sealed.close();
      throw new SecureElementError('file-exists', `there is already a chip in ${path}`);
    }
    sealed.write(state);
    return sealed;
  }

  /** Opens a chip's file. @throws SecureElementError `file-missing`, `file-unreadable` */
  static async open(
    path: string,
    passphrase: Uint8Array,
  ): Promise<{ readonly file: SealedFile; readonly state: ChipState }> {
    const bytes = readWhole(path);
    const header = bytes.subarray(0, HEADER_LENGTH);
    const log = header[MAGIC.length] ?? 0;
    const hasFormat = header.subarray(0, MAGIC.length).equals(MAGIC) && log <= MAX_LOG_COST;
    if (!hasFormat || log < 1 || bytes.length < HEADER_LENGTH + NONCE_LENGTH + TAG_LENGTH) {
      throw new SecureElementError('file-unreadable', `${path} is not a chip file`);
    }
    const file = new SealedFile(path, header, await deriveKey(header, passphrase));
    try {
      return { file, state: file.#newest(bytes) };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Reads the content again. @throws SecureElementError `file-missing`, `file-unreadable` */
  read(): ChipState {
    const bytes = readWhole(this.#path);
    const isSame = bytes.subarray(0, HEADER_LENGTH).equals(this.#header);
    if (isSame && bytes.length >= HEADER_LENGTH + NONCE_LENGTH + TAG_LENGTH) {
      return this.#newest(bytes);
    }
    throw new SecureElementError('file-unreadable', `${this.#path} is no longer the same file`);
  }

  /** Replaces the content, and every earlier state in it: temporary file, fsync, rename, fsync of the directory. */
  write(state: ChipState): void {
    this.#durableAt = undefined;
    const temporary = `${this.#path}.new`;
    rmSync(temporary, { force: true });
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeWhole(descriptor, Buffer.concat([this.#header, this.#seal(state)]), 0);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, this.#path);
    syncDirectory(dirname(this.#path));
    this.#durableAt = HEADER_LENGTH;
  }

  /**
   * Writes a state beside the present one, while the program goes on; it is on disk when the promise resolves. The
   * earlier state stays in the file: for a change that takes nothing away.
   */
  async writeMeanwhile(state: ChipState): Promise<void> {
    const present = this.#durableAt;
    // Until a whole write succeeds again, nobody knows which of the two places the disk has.
    this.#durableAt = undefined;
    const descriptor = openSync(this.#path, 'r+');
    try {
      if (present === undefined || !this.#isOwn(descriptor)) return this.write(state);
      const next = present === HEADER_LENGTH ? SECOND_AT : HEADER_LENGTH;
      writeWhole(descriptor, this.#seal(state), next);
      await flush(descriptor);
      this.#durableAt = next;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Wipes the key. */
  close(): void {
    this.#key.fill(0);
  }

  /** Whether the file is still the one that this chip wrote, and has room for two states. */
  #isOwn(descriptor: number): boolean {
    const header = Buffer.alloc(HEADER_LENGTH);
    readSync(descriptor, header, 0, HEADER_LENGTH, 0);
    return header.equals(this.#header) && fstatSync(descriptor).size >= FIRST_END;
  }

  /** The state of the two that was written last. A write that a power cut tore does not open: then the other counts. */
  #newest(bytes: Buffer): ChipState {
    if (bytes.length < FIRST_END) return this.#unseal(bytes.subarray(HEADER_LENGTH));
    const isOther = bytes.length > SECOND_END || bytes.subarray(FIRST_END, SECOND_AT).some(Boolean);
    if (isOther) throw unreadable();
    const places = [bytes.subarray(HEADER_LENGTH, FIRST_END), bytes.subarray(SECOND_AT)];
    const states = places.flatMap((sealed) => {
      try {
        return sealed.length === SEALED_LENGTH ? [this.#unseal(sealed)] : [];
      } catch (error) {
        if (error instanceof SecureElementError) return [];
        throw error;
      }
    });
    const [newest, older] = states.toSorted((one, other) => other.counter - one.counter);
    if (newest === undefined) throw unreadable();
    if (older !== undefined) wipeState(older);
    return newest;
  }

  #seal(state: ChipState): Buffer {
    const nonce = randomBytes(NONCE_LENGTH);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_LENGTH });
    cipher.setAAD(this.#header);
    const plain = encodeState(state);
    try {
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, body, cipher.getAuthTag()]);
    } finally {
      plain.fill(0);
    }
  }

  #unseal(sealed: Buffer): ChipState {
    const nonce = sealed.subarray(0, NONCE_LENGTH);
    const body = sealed.subarray(NONCE_LENGTH, -TAG_LENGTH);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, {
      authTagLength: TAG_LENGTH,
    });
    decipher.setAAD(this.#header);
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    const plain = decipher.update(body);
    try {
      decipher.final();
      return decodeState(plain);
    } catch (error) {
      if (error instanceof SecureElementError) throw error;
      throw unreadable();
    } finally {
      plain.fill(0);
    }
  }
}

function deriveKey(header: Buffer, passphrase: Uint8Array): Promise<Buffer> {
  const cost = 2 ** (header[MAGIC.length] ?? 0);
  const salt = header.subarray(MAGIC.length + 1);
  const options = { N: cost, r: 8, p: 1, maxmem: 2 ** 20 + 256 * 8 * cost };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** Reads a regular file up to a size: a pipe without a writer would block the program, a device fill its memory. */
function readWhole(path: string): Buffer {
  const descriptor = openChipFile(path);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw missing(path);
    if (!stats.isFile() || stats.size > LARGEST) {
      throw new SecureElementError('file-unreadable', `${path} is not a chip file`);
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openChipFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw missing(path, cause);
  }
}

function missing(path: string, cause?: unknown): SecureElementError {
  return new SecureElementError('file-missing', `there is no chip in ${path}`, { cause });
}

function unreadable(): SecureElementError {
  return new SecureElementError('file-unreadable', 'wrong passphrase, or the file was changed');
}

function writeWhole(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  }
}

function flush(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
