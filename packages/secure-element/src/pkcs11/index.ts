/** Tokens behind PKCS#11 modules as secure elements. docs/spec/chip.md §6. */
import { Worker } from 'node:worker_threads';
import { ApduSecureElement } from '../driver.ts';
import { SecureElementError } from '../errors.ts';
import type { ApduTransport, ChipInfo, SecureElement } from '../secureElement.ts';
import type { TokenChoice, TokenDescription } from './host.ts';
import type { NewPin } from './pins.ts';
import type { Order, Reply, Results } from './protocol.ts';
import type { ModuleThreadData } from './worker.ts';
import { WaitingTransport } from './waiting.ts';

export type { TokenDescription } from './host.ts';

/** Selects a token and its module. */
export interface Pkcs11Options extends TokenChoice {
  /** Path of the module, e.g. /usr/lib/softhsm/libsofthsm2.so. */
  readonly module: string;
  /** The module's parameters for its initialisation; NSS needs some. */
  readonly libraryParameters?: string | undefined;
  /** Told to ask for the token, and makes commands wait for it; without it they fail with `card-removed`. */
  readonly onWaiting?: (what: string) => void;
}

/** Lists every token of a module. @throws SecureElementError `module-missing` */
export async function listTokens(
  module: string,
  libraryParameters?: string,
): Promise<readonly TokenDescription[]> {
  const thread = ModuleThread.use({ module, parameters: libraryParameters });
  try {
    return await thread.ask('list', {});
  } finally {
    await thread.leave();
  }
}

/**
 * Opens a token, whether it is one of our chips or only initialised.
 *
 * @throws SecureElementError `module-missing`, `reader-not-found`, `ambiguous-token`, `wrong-chip`,
 * `not-supported`, `token-changed`, `locked`
 */
export async function openPkcs11SecureElement(options: Pkcs11Options): Promise<SecureElement> {
  return new TokenElement(await openPkcs11Transport(options), options.onWaiting);
}

/** Opens a token for a caller that speaks APDUs itself. */
export async function openPkcs11Transport(options: Pkcs11Options): Promise<TokenTransport> {
  const { module, libraryParameters, token, serial, publicKey } = options;
  const thread = ModuleThread.use({ module, parameters: libraryParameters });
  try {
    const element = await thread.ask('open', { choice: { token, serial, publicKey } });
    return new TokenTransport(thread, element);
  } catch (error) {
    await thread.leave();
    throw error;
  }
}

/**
 * Lets the security officer of a token set a new user PIN in place of a blocked or lost one.
 *
 * @throws SecureElementError `so-pin-wrong`, `so-pin-blocked`, `last-try`, `invalid-data`, and those of
 * opening a token
 */
export async function resetTokenPin(options: Pkcs11Options, pins: NewPin): Promise<void> {
  const { module, libraryParameters, token, serial, publicKey } = options;
  const thread = ModuleThread.use({ module, parameters: libraryParameters });
  try {
    await thread.ask('reset-pin', { choice: { token, serial, publicKey }, pins });
  } finally {
    await thread.leave();
  }
}

/** The driver over a token: the thread's machine judges everything that the token cannot judge, and says so. */
class TokenElement extends ApduSecureElement {
  readonly #transport: TokenTransport;

  constructor(transport: TokenTransport, onWaiting?: (what: string) => void) {
    super(onWaiting === undefined ? transport : new WaitingTransport(transport, onWaiting), {
      kind: 'pkcs11',
    });
    this.#transport = transport;
  }

  override async info(): Promise<ChipInfo> {
    const info = await super.info();
    const damaged = await this.#transport.damaged();
    const isHidden =
      info.personalised && info.authorisationKeyFingerprint?.every((byte) => byte === 0) === true;
    const text = [
      "PKCS#11 token: this token cannot judge the server's authorisation, so the driver on the host does",
      ...(info.software ? ['its module says that it is not hardware'] : []),
      ...(isHidden ? ['it reports records, counter and authorisation key only after the PIN'] : []),
      ...(damaged > 0 ? [`${damaged} records were changed or removed by something else`] : []),
    ].join('; ');
    if (!isHidden) return { ...info, text };
    return { ...info, stateCounter: null, authorisationKeyFingerprint: null, text };
  }
}

/** Carries APDUs to the machine in the module's thread. */
export class TokenTransport implements ApduTransport {
  readonly #thread: ModuleThread;
  readonly #element: number;
  #isOpen = true;

  constructor(thread: ModuleThread, element: number) {
    this.#thread = thread;
    this.#element = element;
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    this.#checkOpen();
    const moved = Uint8Array.from(apdu);
    return this.#thread.ask('transmit', { element: this.#element, apdu: moved }, [moved.buffer]);
  }

  async damaged(): Promise<number> {
    this.#checkOpen();
    return this.#thread.ask('damaged', { element: this.#element });
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#thread.ask('close', { element: this.#element });
    } finally {
      await this.#thread.leave();
    }
  }

  #checkOpen(): void {
    if (this.#isOpen) return;
    throw new SecureElementError('closed', 'the token is closed', { unsent: true });
  }
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** One thread per module and process: a module is initialised once, and its logins belong to the process. */
class ModuleThread {
  static readonly #running: Map<string, ModuleThread> = new Map();

  readonly #name: string;
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
  readonly #ended: Promise<void>;
  #orders = 0;
  #users = 0;
  #failure: Error | null = null;

  private constructor(name: string, module: ModuleThreadData) {
    this.#name = name;
    const url = new URL('../../dist/pkcs11/worker.js', import.meta.url);
    this.#worker = new Worker(url, { workerData: module, execArgv: [] });
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(new Error('the thread of the PKCS#11 module ended'));
        resolve();
      });
    });
  }

  /** The module's thread, started if nobody uses it yet. Every use ends with {@link ModuleThread.leave}. */
  static use(module: ModuleThreadData): ModuleThread {
    const name = JSON.stringify([module.module, module.parameters ?? null]);
    const thread = ModuleThread.#running.get(name) ?? new ModuleThread(name, module);
    ModuleThread.#running.set(name, thread);
    thread.#users += 1;
    return thread;
  }

  ask<K extends keyof Results>(
    kind: K,
    order: Omit<Extract<Order, { readonly kind: K }>, 'kind' | 'id'>,
    moved: ArrayBuffer[] = [],
  ): Promise<Results[K]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#orders += 1;
    const id = this.#orders;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...order, kind, id }, moved);
    });
  }

  /** Ends one use; the last one ends the thread, and with it the module. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#unlist();
    this.#worker.postMessage('end');
    await this.#ended;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (waiting === undefined) return;
    if ('error' in reply) {
      const { code, message, unsent, triesLeft } = reply.error;
      const left = triesLeft === undefined ? {} : { triesLeft };
      waiting.reject(new SecureElementError(code, message, { unsent, ...left }));
    } else {
      // The thread answers an order with the result of its kind.
      waiting.resolve(reply.value as never);
    }
  }

  #fail(cause: Error): void {
    this.#unlist();
    const message = 'the thread of the PKCS#11 module is gone';
    this.#failure ??= new SecureElementError('chip-failure', message, { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  #unlist(): void {
    if (ModuleThread.#running.get(this.#name) === this) {
      ModuleThread.#running.delete(this.#name);
    }
  }
}
