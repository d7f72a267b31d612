/** A session with a token: the calls of Cryptoki that a chip needs, and what their failures mean. */
import { randomBytes } from 'node:crypto';
import { StatusError } from '../card/card.ts';
import { SW } from '../status.ts';
import { CKF, CKM, CKR, CKU_USER } from './constants.ts';
import { NONCE_LENGTH, type Sealed, TAG_LENGTH } from './objects.ts';
import type { PKCS11 } from 'pkcs11js';

/** What pkcs11js takes and gives for slots, sessions and objects. */
export type Handle = Buffer;

/** An attribute with its value. */
export interface Attribute {
  readonly type: number;
  readonly value: number | boolean | string | Buffer;
}

/** pkcs11js's number for GCM parameters with `ulIvBits`, the layout of v2.40. */
const GCM_PARAMETERS = 7;

const GONE: ReadonlySet<number> = new Set([
  CKR.slotIdInvalid,
  CKR.deviceRemoved,
  CKR.sessionClosed,
  CKR.sessionHandleInvalid,
  CKR.tokenNotPresent,
  CKR.tokenNotRecognised,
  CKR.cryptokiNotInitialised,
]);

/** The session is lost: token pulled out, or closed from elsewhere. What a reset clears is cleared. */
export class TokenGoneError extends Error {}

/** The code of a failed call of Cryptoki, or null for another failure. */
export function returnValue(error: unknown): number | null {
  const isCryptoki = error instanceof Error && error.name === 'Pkcs11Error' && 'code' in error;
  return isCryptoki && typeof error.code === 'number' ? error.code : null;
}

/** One read-write session. */
export class TokenSession {
  readonly #module: PKCS11;
  readonly slot: Handle;
  readonly #handle: Handle;

  constructor(module: PKCS11, slot: Handle) {
    this.#module = module;
    this.slot = slot;
    this.#handle = call(() => module.C_OpenSession(slot, CKF.serialSession | CKF.readWriteSession));
  }

  /** Whether the session is alive. Asked before a command, so that none goes into the void. */
  isThere(): boolean {
    try {
      call(() => this.#module.C_GetSessionInfo(this.#handle));
      return true;
    } catch (error) {
      if (error instanceof TokenGoneError) return false;
      throw error;
    }
  }

  /** Flags of the token: PIN tries, for one. */
  flags(): number {
    return call(() => this.#module.C_GetTokenInfo(this.slot)).flags;
  }

  /**
   * Asks the token whether the PIN is right, also when somebody is logged in already.
   *
   * Security: pkcs11js takes the PIN as a string, which cannot be wiped.
   */
  login(pin: string): void {
    this.logout();
    call(() => this.#module.C_Login(this.#handle, CKU_USER, pin));
  }

  /** No failure when nobody is logged in, or the session is lost. */
  logout(): void {
    quietly(() => this.#module.C_Logout(this.#handle));
  }

  setPin(pin: string, newPin: string): void {
    call(() => this.#module.C_SetPIN(this.#handle, pin, newPin));
  }

  /** Logs out and closes. */
  close(): void {
    this.logout();
    this.closeOnly();
  }

  /** Closes; another session's login stays, unless this was the last session. */
  closeOnly(): void {
    quietly(() => this.#module.C_CloseSession(this.#handle));
  }

  find(template: readonly Attribute[]): Handle[] {
    return call(() => {
      this.#module.C_FindObjectsInit(this.#handle, [...template]);
      try {
        const found: Handle[] = [];
        for (;;) {
          const next = this.#module.C_FindObjects(this.#handle, 64);
          if (next.length === 0) return found;
          found.push(...next);
        }
      } finally {
        this.#module.C_FindObjectsFinal(this.#handle);
      }
    });
  }

  /** The bytes of an attribute; null where the object, or the token, does not have it. */
  attribute(object: Handle, type: number): Uint8Array | null {
    try {
      const [found] = call(() =>
        this.#module.C_GetAttributeValue(this.#handle, object, [{ type }]),
      );
      return found === undefined ? null : new Uint8Array(found.value);
    } catch (error) {
      if (returnValue(error) === CKR.attributeTypeInvalid) return null;
      throw error;
    }
  }

  create(template: readonly Attribute[]): Handle {
    return call(() => this.#module.C_CreateObject(this.#handle, [...template]));
  }

  destroy(object: Handle): void {
    call(() => this.#module.C_DestroyObject(this.#handle, object));
  }

  generateAesKey(template: readonly Attribute[]): Handle {
    const mechanism = { mechanism: CKM.aesKeyGen };
    return call(() => this.#module.C_GenerateKey(this.#handle, mechanism, [...template]));
  }

  generateP256Key(
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle } {
    const mechanism = { mechanism: CKM.ecKeyPairGen };
    return call(() =>
      this.#module.C_GenerateKeyPair(
        this.#handle,
        mechanism,
        [...publicTemplate],
        [...privateTemplate],
      ),
    );
  }

  /** ECDSA of a digest: r ‖ s (64 bytes). */
  sign(key: Handle, digest: Uint8Array): Uint8Array {
    return call(() => {
      this.#module.C_SignInit(this.#handle, { mechanism: CKM.ecdsa }, key);
      return new Uint8Array(
        this.#module.C_Sign(this.#handle, Buffer.from(digest), Buffer.alloc(256)),
      );
    });
  }

  /** AES-256-GCM on the token, with a new random nonce (E-3). */
  seal(key: Handle, plain: Uint8Array, associatedData: Uint8Array): Sealed {
    const nonce = new Uint8Array(randomBytes(NONCE_LENGTH));
    const input = Buffer.from(plain);
    try {
      const body = call(() => {
        this.#module.C_EncryptInit(this.#handle, gcm(nonce, associatedData), key);
        const output = Buffer.alloc(input.length + 2 * TAG_LENGTH);
        return new Uint8Array(this.#module.C_Encrypt(this.#handle, input, output));
      });
      // A shorter tag would be a weaker seal, whatever the token understood.
      if (body.length !== plain.length + TAG_LENGTH) throw new StatusError(SW.failure);
      return { nonce, body };
    } finally {
      input.fill(0);
    }
  }

  /** Null when the seal does not fit. */
  unseal(key: Handle, { nonce, body }: Sealed, associatedData: Uint8Array): Uint8Array | null {
    if (nonce.length !== NONCE_LENGTH || body.length < TAG_LENGTH) return null;
    const output = Buffer.alloc(body.length + TAG_LENGTH);
    try {
      const plain = call(() => {
        this.#module.C_DecryptInit(this.#handle, gcm(nonce, associatedData), key);
        return this.#module.C_Decrypt(this.#handle, Buffer.from(body), output);
      });
      return plain.length === body.length - TAG_LENGTH ? new Uint8Array(plain) : null;
    } catch (error) {
      if (returnValue(error) === null) throw error;
      return null;
    } finally {
      output.fill(0);
    }
  }
}

function gcm(
  nonce: Uint8Array,
  associatedData: Uint8Array,
): { mechanism: number; parameter: { type: number } } {
  const parameter = {
    type: GCM_PARAMETERS,
    iv: Buffer.from(nonce),
    ivBits: NONCE_LENGTH * 8,
    aad: Buffer.from(associatedData),
    tagBits: TAG_LENGTH * 8,
  };
  return { mechanism: CKM.aesGcm, parameter };
}

/** Runs a call; a lost session and a lost login become errors of their own. */
export function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const code = returnValue(error);
    if (code !== null && GONE.has(code)) {
      throw new TokenGoneError('the token does not answer any more', { cause: error });
    }
    if (code === CKR.userNotLoggedIn) throw new StatusError(SW.pinRequired);
    throw error;
  }
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // Nothing to undo: the session or the login is gone already.
  }
}
