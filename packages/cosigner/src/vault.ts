/**
 * The secure element of one side: it certifies sessions, and keeps the 32 bytes that open each keyshare and
 * the pool of primes (docs/spec/cosigner.md, "Store"). No third server could authorise a release, so the
 * authorisation key lies beside the store: it keeps a chip from answering to another store, and the release
 * count reveals a restored older store.
 */
import {
  type Chip,
  createMutexes,
  type Logger,
  messageOf,
  ofUnknownOutcome,
  openChip,
  type Released,
  silentLogger,
  SOFTWARE_CHIP,
} from '@quorate/holder';
import { type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  authorisationMessage,
  chipFingerprint,
  encodeCertificatePayload,
  hashFramed,
  sessionHash,
  sessionMessage,
} from '@quorate/intent';
import {
  type Attempt,
  type ChipInfo,
  SecureElementError,
  type SecureElementKind,
} from '@quorate/secure-element';
import { type LoadedConfig, pathOf } from './config.ts';
import { CosignerError, SetupError } from './errors.ts';
import { type CosignerPaths, nameOfChip } from './files.ts';
import { openWithPin } from './pin.ts';
import { p256PublicKey, readPrivateKey } from './keys.ts';

const RELEASE_LABEL = 'quorate/v1/cosigner/release';
const DELETE_LABEL = 'quorate/v1/cosigner/forget';

/** The facts that name a record on the chip. */
export interface RecordName {
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
}

/** Words the failure to open a chip: names the file of the configuration behind it. */
function notOpened(error: unknown, { chip, passphrase }: CosignerPaths): unknown {
  if (!(error instanceof SecureElementError)) return error;
  if (error.code === 'file-missing') {
    return new SetupError('chip/missing', `there is no chip ${chip}`, error);
  }
  if (error.code !== 'file-unreadable') return error;
  const why = `${passphrase} is not the passphrase of ${chip}, or that file was changed`;
  return new SetupError('chip/wrong-passphrase', why, error);
}

function foreign({ attachment }: CosignerPaths, why: string): SetupError {
  return new SetupError('chip/foreign', `${nameOfChip(attachment)} ${why}`);
}

/** Another store's chip would refuse every release; it is named before any release is counted. */
export function checkAuthority(
  { authorisationKeyFingerprint: obeyed }: ChipInfo,
  authority: KeyObject,
  paths: CosignerPaths,
): void {
  const own = chipFingerprint(p256PublicKey(authority));
  if (obeyed === null || !own.every((byte, at) => byte === obeyed[at])) {
    throw foreign(paths, `obeys another authority than that of ${paths.store}`);
  }
}

/** The chip of this side. */
export class Vault {
  /**
   * The chip remembers few sessions and challenges: nothing comes between those of a release and the release, however many
   * certificates are asked for at the same time (docs/spec/chip.md §2).
   */
  readonly #exclusive = createMutexes();
  readonly #chip: Chip;
  readonly #kind: SecureElementKind;
  /** Whether the chip is a program. */
  readonly software: boolean;
  readonly hasPuk: boolean;
  readonly #authority: KeyObject;
  readonly #identityKey: KeyObject | undefined;
  /** 65 bytes: the key that partners pin. */
  readonly publicKey: Uint8Array;

  private constructor(
    chip: Chip,
    {
      kind,
      software,
      hasPuk,
    }: {
      readonly kind: SecureElementKind;
      readonly software: boolean;
      readonly hasPuk: boolean;
    },
    authority: KeyObject,
    identityKey: KeyObject | undefined,
  ) {
    this.#chip = chip;
    this.#kind = kind;
    this.software = software;
    this.hasPuk = hasPuk;
    this.#authority = authority;
    this.#identityKey = identityKey;
    this.publicKey = identityKey === undefined ? chip.publicKey : p256PublicKey(identityKey);
  }

  /**
   * Opens the configured chip.
   * @throws SetupError `chip/missing`, `chip/foreign`, `chip/wrong-passphrase`, `chip/wrong-pin`,
   * `chip/last-try`, `chip/blocked`; SecureElementError for a card or token that cannot be opened
   */
  static async open(
    loaded: LoadedConfig,
    paths: CosignerPaths,
    logger: Logger = silentLogger,
    attempt: Attempt = {},
  ): Promise<Vault> {
    const authority = readPrivateKey(paths.inStore('authority'));
    const { key_file: keyFile } = loaded.config.identity;
    const identityKey = keyFile === undefined ? undefined : readPrivateKey(pathOf(loaded, keyFile));
    try {
      const element = await openChip(paths.attachment, logger);
      try {
        const before = await element.info();
        const { software, personalised } = before;
        if (!personalised) throw foreign(paths, 'is new: quorate cosigner init');
        if (software) logger.warn({ chip: element.kind }, SOFTWARE_CHIP);
        // Another store's card would lose a try; a token reveals its authority only after the PIN.
        if (before.authorisationKeyFingerprint !== null) checkAuthority(before, authority, paths);
        const chip = await openWithPin(element, paths, attempt);
        checkAuthority(await element.info(), authority, paths);
        const about = { kind: element.kind, software, hasPuk: before.pukTriesLeft !== null };
        return new Vault(chip, about, authority, identityKey);
      } catch (error) {
        await element.close();
        throw error;
      }
    } catch (error) {
      throw notOpened(error, paths);
    }
  }

  /** Signs a session certificate's payload; returns payload ‖ DER. */
  async certify(payload: Uint8Array): Promise<Uint8Array> {
    const der =
      this.#identityKey === undefined
        ? await this.#inOrder(() => this.#chip.signSession(payload))
        : sign('sha256', sessionMessage(this.publicKey, payload), this.#identityKey);
    return Buffer.concat([payload, der]);
  }

  /** Keeps an opener; the caller wipes its copy. */
  async keep({ recordId, address }: RecordName, opener: Uint8Array): Promise<void> {
    await this.#guarded(() => this.#chip.store(recordId, address, opener));
  }

  /** How many more records fit on the chip. */
  async room(): Promise<number> {
    const { capacity, used } = await this.#guarded(() => this.#chip.info());
    return capacity - used;
  }

  /** Releases an opener: 32 secret bytes that the caller wipes, with its release count. */
  release(name: RecordName): Promise<Released> {
    const digest = hashFramed(RELEASE_LABEL, name.recordId);
    return this.#guarded(async () => {
      const authorised = await this.#authorise('read', name, digest);
      try {
        return await this.#chip.read({ ...name, ...authorised, digest });
      } catch (error) {
        throw this.#kind === 'virtual' ? error : ofUnknownOutcome(error);
      }
    });
  }

  /** Deletes a record. */
  async delete(name: RecordName): Promise<void> {
    const reasonHash = hashFramed(DELETE_LABEL, name.recordId);
    await this.#guarded(async () => {
      const authorised = await this.#authorise('delete', name, reasonHash);
      await this.#chip.delete({ ...name, ...authorised, reasonHash });
    });
  }

  /** Stops waiting for a chip that was taken out; one that is present still answers. */
  stopWaiting(): void {
    this.#chip.stopWaiting();
  }

  close(): Promise<void> {
    return this.#chip.close();
  }

  /**
   * The chip releases only in a session that it signed; this session has expired, so that it serves nobody
   * else.
   */
  async #authorise(
    operation: 'read' | 'delete',
    name: RecordName,
    digest: Uint8Array,
  ): Promise<{ sessionHash: Uint8Array; challenge: Uint8Array; signature: Uint8Array }> {
    const payload = encodeCertificatePayload({
      operation: operation === 'read' ? 'sign' : 'destroy',
      sessionKey: `local:${randomBytes(16).toString('hex')}`,
      partIndex: 1,
      nonce: randomBytes(32),
      x25519: new Uint8Array(32),
      ed25519: new Uint8Array(32),
      intentHash: new Uint8Array(32),
      notAfter: 0,
    });
    await this.#chip.signSession(payload);
    const challenge = await this.#chip.challenge();
    const { publicKey: chipPublicKey } = this.#chip;
    const hash = sessionHash(chipPublicKey, payload);
    const message = authorisationMessage({
      operation,
      chipPublicKey,
      ...name,
      sessionHash: hash,
      digest,
      challenge,
    });
    return { sessionHash: hash, challenge, signature: sign('sha256', message, this.#authority) };
  }

  #inOrder<T>(use: () => Promise<T>): Promise<T> {
    return this.#exclusive('chip', use);
  }

  async #guarded<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await this.#inOrder(use);
    } catch (error) {
      if (!(error instanceof SecureElementError)) throw error;
      throw new CosignerError('chip_refused', `${error.code}: ${messageOf(error)}`, error);
    }
  }
}
