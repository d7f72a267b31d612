/**
 * The system's PC/SC library, called through koffi. Every call runs on its own thread, so that a slow card
 * never blocks this process.
 */
import { SecureElementError } from '../errors.ts';
import { pcscError, SCARD } from './codes.ts';

/** A context of the library, or a connected card. */
export type PcscHandle = number;

/** The state of a reader, from the service. */
export interface ReaderState {
  readonly reader: string;
  readonly present: boolean;
  /** Changes whenever a card comes or goes, if the system counts. */
  readonly mark: string;
  /** Hex; empty without a card. */
  readonly atr: string;
}

/** How to leave a card: untouched. */
export const LEAVE = 0;
/** Resets the card: it loses PIN, sessions and challenges. */
export const RESET = 1;

/** Protocol numbers of the library. */
export const PROTOCOL = { t0: 1, t1: 2 } as const;

const SCOPE_SYSTEM = 2;
const SHARE_EXCLUSIVE = 1;
const STATE_PRESENT = 0x20;
const LONGEST_ANSWER = 65_538;

type Cells = BigInt64Array | Int32Array;
type Call = (...values: readonly unknown[]) => Promise<number>;

/** The calls that this package needs; each throws SecureElementError. */
export interface Pcsc {
  establish(): Promise<PcscHandle>;
  release(context: PcscHandle): Promise<void>;
  readers(context: PcscHandle): Promise<readonly string[]>;
  states(context: PcscHandle, readers: readonly string[]): Promise<readonly ReaderState[]>;
  /** Connects exclusively: no other program reaches the card until it is disconnected. */
  connect(context: PcscHandle, reader: string): Promise<{ card: PcscHandle; protocol: number }>;
  /** The service's code for a connected card, without contacting the card. */
  status(card: PcscHandle): Promise<number>;
  transmit(card: PcscHandle, protocol: number, apdu: Uint8Array): Promise<Uint8Array>;
  disconnect(card: PcscHandle, disposition: typeof LEAVE | typeof RESET): Promise<void>;
}

let loaded: Promise<Pcsc> | undefined;

/** Loads the library once. @throws SecureElementError `module-missing` with the package to install */
export function loadPcsc(): Promise<Pcsc> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

interface Platform {
  readonly library: string;
  readonly suffix: string;
  readonly word: string;
  readonly handle: string;
  readonly packed: boolean;
  readonly atrSize: number;
  readonly hint: string;
}

const LINUX: Platform = {
  library: 'libpcsclite.so.1',
  suffix: '',
  word: 'ulong',
  handle: 'long',
  packed: false,
  atrSize: 33,
  hint: 'apt-get install libpcsclite1 pcscd',
};

const PLATFORMS: Partial<Record<NodeJS.Platform, Platform>> = {
  darwin: {
    library: '/System/Library/Frameworks/PCSC.framework/PCSC',
    suffix: '',
    word: 'uint32',
    handle: 'int32',
    packed: true,
    atrSize: 33,
    hint: 'PCSC.framework belongs to macOS',
  },
  win32: {
    library: 'winscard.dll',
    suffix: 'A',
    word: 'ulong',
    handle: 'uintptr_t',
    packed: false,
    atrSize: 36,
    hint: 'winscard.dll belongs to Windows',
  },
};

async function load(): Promise<Pcsc> {
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new SecureElementError(
      'module-missing',
      'readers need the package koffi, which is not installed; npm install koffi@3.3.4',
      { cause },
    );
  });
  const system = PLATFORMS[process.platform] ?? LINUX;
  try {
    return bind(koffi, system);
  } catch (cause) {
    const message = `${system.library} cannot be loaded; ${system.hint}`;
    throw new SecureElementError('module-missing', message, { cause });
  }
}

type Koffi = typeof import('koffi')['default'];
type Parameter = string | ReturnType<Koffi['inout']>;

function bind(koffi: Koffi, system: Platform): Pcsc {
  const { word, handle, suffix } = system;
  const library = koffi.load(system.library);
  const call = (name: string, parameters: Parameter[]): Call => {
    const native = library.func(name, system.word === 'uint32' ? 'int32' : 'long', parameters);
    return (...values) =>
      new Promise((resolve, reject) => {
        native.async(...values, (error: unknown, code: unknown) =>
          error === null || error === undefined
            ? resolve(Number(code) >>> 0)
            : reject(new SecureElementError('reader-failure', `${name} failed`, { cause: error })),
        );
      });
  };
  const fields = {
    reader: 'const char *',
    user: 'void *',
    current: word,
    event: word,
    length: word,
    atr: koffi.array('uint8', system.atrSize, 'Typed'),
  };
  const state = system.packed ? koffi.pack(fields) : koffi.struct(fields);
  const p = 'void *';
  return new Calls({
    wordSize: koffi.sizeof(word),
    handleSize: koffi.sizeof(handle),
    atrSize: system.atrSize,
    establish: call('SCardEstablishContext', [word, p, p, p]),
    release: call('SCardReleaseContext', [handle]),
    readers: call(`SCardListReaders${suffix}`, [handle, p, p, p]),
    states: call(`SCardGetStatusChange${suffix}`, [
      handle,
      word,
      koffi.inout(koffi.pointer(state)),
      word,
    ]),
    connect: call(`SCardConnect${suffix}`, [handle, 'str', word, word, p, p]),
    status: call(`SCardStatus${suffix}`, [handle, p, p, p, p, p, p]),
    transmit: call('SCardTransmit', [handle, p, p, word, p, p, p]),
    disconnect: call('SCardDisconnect', [handle, word]),
  });
}

interface Bound extends Readonly<Record<keyof Pcsc, Call>> {
  readonly wordSize: number;
  readonly handleSize: number;
  readonly atrSize: number;
}

class Calls implements Pcsc {
  readonly #c: Bound;

  constructor(bound: Bound) {
    this.#c = bound;
  }

  async establish(): Promise<PcscHandle> {
    const context = cells(this.#c.handleSize, 0);
    accept(await this.#c.establish(SCOPE_SYSTEM, null, null, context), 'no smart card service');
    return first(context);
  }

  async release(context: PcscHandle): Promise<void> {
    await this.#c.release(context);
  }

  async readers(context: PcscHandle): Promise<readonly string[]> {
    const length = cells(this.#c.wordSize, 0);
    const code = await this.#c.readers(context, null, null, length);
    if (code === SCARD.noReaders) return [];
    accept(code, 'listing readers');
    // A reader plugged in meanwhile makes the list longer.
    const names = Buffer.alloc(first(length) + 1024);
    length[0] = this.#c.wordSize === 8 ? BigInt(names.length) : names.length;
    const again = await this.#c.readers(context, null, names, length);
    if (again === SCARD.noReaders) return [];
    accept(again, 'listing readers');
    const list = names.toString('utf8', 0, first(length));
    return list.split('\0').filter((name) => name !== '');
  }

  async states(context: PcscHandle, readers: readonly string[]): Promise<readonly ReaderState[]> {
    if (readers.length === 0) return [];
    const states = readers.map((reader) => ({
      reader,
      user: null,
      current: 0,
      event: 0,
      length: 0,
      atr: new Uint8Array(this.#c.atrSize),
    }));
    accept(await this.#c.states(context, 0, states, states.length), 'looking at the readers');
    return states.map(({ event, length, atr }, at) => {
      const text = Buffer.from(atr.subarray(0, Number(length))).toString('hex');
      const count = Number(event) >>> 16;
      const present = (Number(event) & STATE_PRESENT) !== 0;
      return { reader: readers[at] ?? '', present, atr: text, mark: `${count} ${text}` };
    });
  }

  async connect(
    context: PcscHandle,
    reader: string,
  ): Promise<{ card: PcscHandle; protocol: number }> {
    const card = cells(this.#c.handleSize, 0);
    const protocol = cells(this.#c.wordSize, 0);
    const either = PROTOCOL.t0 | PROTOCOL.t1;
    const code = await this.#c.connect(context, reader, SHARE_EXCLUSIVE, either, card, protocol);
    accept(code, `reader ${reader}`);
    return { card: first(card), protocol: first(protocol) };
  }

  async status(card: PcscHandle): Promise<number> {
    const state = cells(this.#c.wordSize, 0);
    const protocol = cells(this.#c.wordSize, 0);
    return this.#c.status(card, null, null, state, protocol, null, null);
  }

  async transmit(card: PcscHandle, protocol: number, apdu: Uint8Array): Promise<Uint8Array> {
    const header = cells(this.#c.wordSize, protocol, 2 * this.#c.wordSize);
    const answer = Buffer.alloc(LONGEST_ANSWER);
    const length = cells(this.#c.wordSize, answer.length);
    const command = Buffer.from(apdu);
    try {
      const values = [card, header, command, command.length, null, answer, length];
      accept(await this.#c.transmit(...values), 'the card was not reached');
      return Uint8Array.from(answer.subarray(0, first(length)));
    } finally {
      answer.fill(0);
      command.fill(0);
    }
  }

  async disconnect(card: PcscHandle, disposition: number): Promise<void> {
    await this.#c.disconnect(card, disposition);
  }
}

function accept(code: number, what: string): void {
  if (code !== SCARD.success) throw pcscError(code, what);
}

/** Memory for numbers that the library reads or writes. */
function cells(size: number, ...values: readonly number[]): Cells {
  return size === 8 ? BigInt64Array.from(values.map(BigInt)) : Int32Array.from(values);
}

function first(memory: Cells): number {
  return Number(memory[0] ?? 0);
}
