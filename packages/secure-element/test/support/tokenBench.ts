/** Tokens in the test's own thread: the driver beside a program that talks to the same module, and power cuts. */
import { ApduSecureElement, type SecureElement, SecureElementError } from '../../src/index.ts';
import { ChipMachine } from '../../src/card/machine.ts';
import { CKA, CKF, CKO } from '../../src/pkcs11/constants.ts';
import { ModuleHost } from '../../src/pkcs11/host.ts';
import { LABEL } from '../../src/pkcs11/keys.ts';
import { TokenRunner } from '../../src/pkcs11/runner.ts';
import { type Attribute, type Handle, TokenSession } from '../../src/pkcs11/session.ts';
import { TokenCard } from '../../src/pkcs11/tokenCard.ts';
import type { PKCS11 } from 'pkcs11js';
import { Bench, type ChipUnderTest, ok, PIN, SELECT, transmit } from './host.ts';
import { loadModule, makeSoftHsm, MODULE } from './softhsm.ts';

const CPLC = new Uint8Array(42);
const WRITES = new Set(['C_CreateObject', 'C_DestroyObject', 'C_GenerateKey', 'C_GenerateKeyPair']);

/** Tokens `token 0`, `token 1` …, one after the other, and what a hostile program on the host can do to them. */
export class TokenBench {
  readonly host: ModuleHost;
  readonly module: PKCS11;
  readonly #remove: () => void;
  #given = 0;

  constructor(count: number, more: readonly string[] = []) {
    const store = makeSoftHsm();
    for (let at = 0; at < count; at++) store.addToken(`token ${at}`, PIN.toString());
    for (const label of more) store.addToken(label, PIN.toString());
    this.#remove = () => store.remove();
    this.host = ModuleHost.load(MODULE);
    this.module = loadModule();
  }

  /** The label of a token that no test has had. */
  next(): string {
    this.#given += 1;
    return `token ${this.#given - 1}`;
  }

  slot(token: string): Handle {
    const slots = this.module.C_GetSlotList(true);
    return slots.find((slot) => this.module.C_GetTokenInfo(slot).label.trim() === token)!;
  }

  /** A session of another program in this process: it shares the driver's login, as Cryptoki has it. */
  attacker(token: string): Attacker {
    return new Attacker(this.module, this.slot(token));
  }

  /** A machine whose power goes directly after the nth write to the token. */
  fragile(token: string, lastWrite: number): ChipUnderTest & { readonly cut: () => boolean } {
    let writes = 0;
    const isCut = (): boolean => writes >= lastWrite;
    const module = new Proxy(this.module, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...parameters: unknown[]): unknown => {
          if (isCut()) throw new Error('no power');
          const result: unknown = Reflect.apply(method, target, parameters);
          if (WRITES.has(String(name))) writes += 1;
          if (isCut()) throw new Error('power cut');
          return result;
        };
      },
    });
    return { ...this.#machine(module, token), cut: isCut };
  }

  /** A machine over a module that answers some calls otherwise. */
  altered(token: string, answers: Partial<Record<keyof PKCS11, () => unknown>>): ChipUnderTest {
    const table: Readonly<Record<string, (() => unknown) | undefined>> = answers;
    const module = new Proxy(this.module, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        const other = table[String(name)];
        return other ?? ((...given: unknown[]): unknown => Reflect.apply(method, target, given));
      },
    });
    const runner = new TokenRunner(
      token,
      () => this.#card(module, token),
      () => undefined,
    );
    return chipOf(
      (apdu) => runner.process(apdu),
      () => runner.close(),
    );
  }

  /** The chip on a token, without the thread. */
  open(token: string): ChipUnderTest & { readonly runner: TokenRunner } {
    const runner = this.host.open({ token });
    return {
      ...chipOf(
        (apdu) => runner.process(apdu),
        () => runner.close(),
      ),
      runner,
    };
  }

  /** A personalised chip, PIN verified. */
  async ready(token: string): Promise<Bench> {
    return Bench.ready(async () => this.open(token));
  }

  /** A personalised chip, and another program in the same process. */
  async scene(): Promise<Scene> {
    const token = this.next();
    const bench = await this.ready(token);
    return { token, bench, attacker: this.attacker(token) };
  }

  /** Closes the chip and opens it again; gives what VERIFY ends with. */
  async restart({ token, bench }: Scene): Promise<{ readonly bench: Bench; readonly end: string }> {
    await bench.chip.dispose();
    const again = benchOver(bench, this.open(token));
    await ok(transmit(again.chip, SELECT));
    return { bench: again, end: await failure(() => ok(again.send(0x20, PIN))) };
  }

  close(): void {
    this.host.close();
    this.#remove();
  }

  #card(module: PKCS11, token: string): TokenCard {
    const session = new TokenSession(module, this.slot(token));
    const claim = (): void => undefined;
    return new TokenCard(session, { cplc: () => CPLC, software: true, claim });
  }

  #machine(module: PKCS11, token: string): ChipUnderTest {
    const machine = new ChipMachine(this.#card(module, token));
    const process = (apdu: Uint8Array): Uint8Array => machine.process(apdu);
    return chipOf(process, () => new TokenSession(this.module, this.slot(token)).close());
  }
}

/** A chip and who attacks it. */
export interface Scene {
  readonly token: string;
  readonly bench: Bench;
  readonly attacker: Attacker;
}

/** The same authority and chip key over another opening. */
export function benchOver(bench: Bench, chip: ChipUnderTest): Bench {
  return Object.assign(Object.create(Object.getPrototypeOf(bench)), bench, { chip });
}

/** The code, or the text, that something fails with. */
export async function failure(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'no error';
  } catch (error) {
    if (error instanceof SecureElementError) return error.code;
    return error instanceof Error ? error.message : 'no error object';
  }
}

/** An attribute of a template. */
export const attribute = (type: number, value: Attribute['value']): Attribute => ({ type, value });

/** The interface over a chip in this thread. */
export function elementOf(chip: ChipUnderTest): SecureElement {
  return new ApduSecureElement(chip.transport, { kind: 'pkcs11' });
}

function chipOf(process: (apdu: Uint8Array) => Uint8Array, close: () => void): ChipUnderTest {
  return {
    transport: { transmit: async (apdu) => process(apdu), close: async () => close() },
    reset: () => Promise.reject(new Error('tokens are closed and opened')),
    resetAndCutPowerAfterWrite: () => Promise.reject(new Error('tokens are made fragile')),
    dispose: async () => close(),
  };
}

/** Another program with the token's PIN, or without. */
export class Attacker {
  readonly module: PKCS11;
  readonly session: Handle;

  constructor(module: PKCS11, slot: Handle) {
    this.module = module;
    this.session = module.C_OpenSession(slot, CKF.serialSession | CKF.readWriteSession);
  }

  login(): void {
    this.module.C_Login(this.session, 1, PIN.toString());
  }

  find(...template: Attribute[]): Handle[] {
    this.module.C_FindObjectsInit(this.session, template);
    const found = this.module.C_FindObjects(this.session, 500);
    this.module.C_FindObjectsFinal(this.session);
    return found;
  }

  labelled(label: string): Handle[] {
    return this.find({ type: CKA.label, value: label });
  }

  /** The private or secret key with a label. */
  key(label: string): Handle {
    const type = label === LABEL.sealing ? CKO.secretKey : CKO.privateKey;
    return this.find({ type: CKA.class, value: type }, { type: CKA.label, value: label })[0]!;
  }

  value(object: Handle): Buffer {
    return this.module.C_GetAttributeValue(this.session, object, [{ type: CKA.value }])[0]!.value;
  }

  values(label: string): Buffer[] {
    return this.labelled(label).map((object) => this.value(object));
  }

  write(label: string, value: Buffer, isPrivate = true): void {
    this.module.C_CreateObject(this.session, [
      { type: CKA.class, value: CKO.data },
      { type: CKA.token, value: true },
      { type: CKA.private, value: isPrivate },
      { type: CKA.label, value: label },
      { type: CKA.value, value },
    ]);
  }

  destroy(label: string): void {
    for (const object of this.labelled(label)) this.module.C_DestroyObject(this.session, object);
  }

  /** Replaces every object with a label by objects with these values. */
  replace(label: string, values: readonly Buffer[]): void {
    this.destroy(label);
    for (const value of values) this.write(label, value);
  }

  close(): void {
    this.module.C_CloseSession(this.session);
  }
}
