/** The virtual chip's persistent memory: a file sealed under a passphrase. docs/spec/chip.md §5. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  type NoParamCallback,
  openSync,
  readFileSync,
  rename,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SecureElementError } from '../errors.ts';
import { type ChipState, decodeState, encodeState } from './state.ts';

/** scrypt's N unless the caller says otherwise: about a third of a second and 128 MiB. */
export const SCRYPT_COST: number = 2 ** 17;

const MAGIC = Buffer.from('QRTCHIP1', 'latin1');
const SALT_LENGTH = 16;
/** magic(8) ‖ log2 N(1) ‖ salt(16) */
const HEADER_LENGTH = MAGIC.length + 1 + SALT_LENGTH;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const MAX_LOG_COST = 20;
/** Far more than a chip full of records has, bytes. */
const LARGEST = 16 * 1024 * 1024;

/** A file with the key that opens it. */
export class SealedFile {
  readonly #path: string;
  readonly #header: Buffer;
  /** Secret. */
  readonly #key: Buffer;

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
      return { file, state: file.#unseal(bytes) };
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
      return this.#unseal(bytes);
    }
    throw new SecureElementError('file-unreadable', `${this.#path} is no longer the same file`);
  }

  /** Replaces the content: temporary file, fsync, rename, fsync of the directory. */
  write(state: ChipState): void {
    const descriptor = this.#writeTemporary(state);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(this.#temporary, this.#path);
    const directory = openSync(dirname(this.#path), 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }

  /** Replaces the content in the same way, while the program goes on; it is on disk when the promise resolves. */
  async writeMeanwhile(state: ChipState): Promise<void> {
    const descriptor = this.#writeTemporary(state);
    try {
      await flush(descriptor);
    } finally {
      closeSync(descriptor);
    }
    await renameMeanwhile(this.#temporary, this.#path);
    const directory = openSync(dirname(this.#path), 'r');
    try {
      await flush(directory);
    } finally {
      closeSync(directory);
    }
  }

  /** Wipes the key. */
  close(): void {
    this.#key.fill(0);
  }

  get #temporary(): string {
    return `${this.#path}.new`;
  }

  /** Returns the open file, which nothing has flushed yet. */
  #writeTemporary(state: ChipState): number {
    rmSync(this.#temporary, { force: true });
    const descriptor = openSync(this.#temporary, 'wx', 0o600);
    try {
      const sealed = this.#seal(state);
      for (let at = 0; at < sealed.length; ) at += writeSync(descriptor, sealed, at);
      return descriptor;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  #seal(state: ChipState): Buffer {
    const nonce = randomBytes(NONCE_LENGTH);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_LENGTH });
    cipher.setAAD(this.#header);
    const plain = encodeState(state);
    try {
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([this.#header, nonce, body, cipher.getAuthTag()]);
    } finally {
      plain.fill(0);
    }
  }

  #unseal(bytes: Buffer): ChipState {
    const nonce = bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + NONCE_LENGTH);
    const body = bytes.subarray(HEADER_LENGTH + NONCE_LENGTH, -TAG_LENGTH);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, {
      authTagLength: TAG_LENGTH,
    });
    decipher.setAAD(this.#header);
    decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
    const plain = decipher.update(body);
    try {
      decipher.final();
      return decodeState(plain);
    } catch (error) {
      if (error instanceof SecureElementError) throw error;
      throw new SecureElementError('file-unreadable', 'wrong passphrase, or the file was changed');
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

function flush(descriptor: number): Promise<void> {
  return finished((done) => fsync(descriptor, done));
}

/** A disk that is busy with flushes holds up a rename, too. */
function renameMeanwhile(from: string, to: string): Promise<void> {
  return finished((done) => rename(from, to, done));
}

function finished(begin: (done: NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => (error === null ? resolve() : reject(error)));
  });
}
