/** A session with a token: the calls of Cryptoki that a chip needs. */
import { StatusError } from '../card/card.ts';
import { SW } from '../status.ts';
import { call, quietly, returnValue } from './calls.ts';
import { CKA, CKF, CKM, CKR, CKS_USER_FUNCTIONS, CKU } from './constants.ts';
import type { Sealed } from './objects.ts';
import { seal, type SealingKey, unseal } from './seal.ts';
import type { PKCS11 } from 'pkcs11js';

/** The type of slots, sessions and objects in pkcs11js. */
export type Handle = Buffer;

/** An attribute with its value. */
export interface Attribute {
  readonly type: number;
  readonly value: number | boolean | string | Buffer;
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

  /** Whether the session is alive and can answer. Asked before a command, so that none is sent into the void. */
  isThere(): boolean {
    try {
      this.#module.C_GetSessionInfo(this.#handle);
      return true;
    } catch (error) {
      if (returnValue(error) !== null) return false;
      throw error;
    }
  }

  /** Flags of the token, such as PIN tries. */
  flags(): number {
    return call(() => this.#module.C_GetTokenInfo(this.slot)).flags;
  }

  /**
   * Asks the token whether the PIN is right, even if the user is logged in already.
   *
   * Security: pkcs11js takes the PIN as a string, which cannot be wiped.
   */
  login(pin: string): void {
    this.logout();
    call(() => this.#module.C_Login(this.#handle, CKU.user, pin));
  }

  /** Logs the security officer in. */
  loginAsOfficer(pin: string): void {
    this.logout();
    call(() => this.#module.C_Login(this.#handle, CKU.securityOfficer, pin));
  }

  /** Sets the user's PIN; the security officer is logged in. */
  initPin(pin: string): void {
    call(() => this.#module.C_InitPIN(this.#handle, pin));
  }

  /** Does not fail if nobody is logged in, or the session is lost. */
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

  /** The bytes of an attribute; null if the object does not have it. */
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

  /**
   * The same for an attribute that a token may not know: some answer with an ambiguous error. It counts as
   * unknown if the token repeats the error, and answers for the same object class in between.
   */
  attributeIfKnown(object: Handle, type: number): Uint8Array | null {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.attribute(object, type);
      } catch (error) {
        if (returnValue(error) !== CKR.generalError) throw error;
        if (this.attribute(object, CKA.class) === null) throw error;
        if (attempt === 2) return null;
      }
    }
  }

  create(template: readonly Attribute[]): Handle {
    return call(() => this.#module.C_CreateObject(this.#handle, [...template]));
  }

  destroy(object: Handle): void {
    call(() => this.#module.C_DestroyObject(this.#handle, object));
  }

  /** Deletes an object that a write has superseded; an object already gone is no failure. */
  destroySuperseded(object: Handle): void {
    try {
      this.destroy(object);
    } catch (error) {
      if (returnValue(error) !== CKR.objectHandleInvalid) throw error;
      // A lost login removes the handles of private objects, but not the objects.
      const { state } = call(() => this.#module.C_GetSessionInfo(this.#handle));
      if (state !== CKS_USER_FUNCTIONS) throw new StatusError(SW.pinRequired);
    }
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
    return seal(this.#sealing(key), plain, associatedData);
  }

  /** Null if the seal does not fit. @throws SecureElementError `chip-failure` for a token that fails */
  unseal(key: Handle, sealed: Sealed, associatedData: Uint8Array): Uint8Array | null {
    return unseal(this.#sealing(key), sealed, associatedData);
  }

  #sealing(key: Handle): SealingKey {
    return {
      encrypt: (mechanism, input, output) =>
        call(() => {
          this.#module.C_EncryptInit(this.#handle, mechanism, key);
          return this.#module.C_Encrypt(this.#handle, input, output);
        }),
      decrypt: (mechanism, input, output) =>
        call(() => {
          this.#module.C_DecryptInit(this.#handle, mechanism, key);
          return this.#module.C_Decrypt(this.#handle, input, output);
        }),
    };
  }
}
