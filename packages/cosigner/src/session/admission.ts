/** Admits or refuses the sessions that REST and partners ask for; writes nothing. */
import { messageOf } from '@quorate/holder';
import { equalBytes, fromHex, IntentError } from '@quorate/intent';
import { lockCode, type SignableMessage, signable } from '@quorate/two-party';
import type { MessageHash, PeerInit } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import type { PublicIdentity } from '../partner.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { SessionContext } from './context.ts';
import { checkOpenable, checkUnlocked } from './keyState.ts';
import { DEFAULT_HASH, type Order } from './request.ts';
import type { TwoPartySession } from './session.ts';

/** The subject of an admitted session. */
export interface Admitted {
  readonly partner: PublicIdentity;
  readonly key: KeyRecord | undefined;
  readonly message: SignableMessage | null;
}

/** Admits sessions of one server. */
export class Admission {
  readonly #context: SessionContext;
  readonly #live: ReadonlyMap<string, TwoPartySession>;
  #closed = false;

  constructor(context: SessionContext, live: ReadonlyMap<string, TwoPartySession>) {
    this.#context = context;
    this.#live = live;
  }

  /** Admits nothing from now on. */
  close(): void {
    this.#closed = true;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** A request over REST. @throws CosignerError */
  order({ type, partner: name, keySessionId, message, hash }: Order): Admitted {
    const partner = this.#admit(type, name);
    if (type === 'keygen') return { partner, key: undefined, message: null };
    const key = this.#usableKey(keySessionId ?? '', partner);
    if (type === 'refresh') {
      if (this.#context.index !== 1) throw new CosignerError('wrong_side');
      this.#checkRefreshable(key);
      return { partner, key, message: null };
    }
    checkUnlocked(key);
    return { partner, key, message: hashed(message ?? '', hash ?? DEFAULT_HASH) };
  }

  /** A partner's request. @throws CosignerError */
  proposal(partnerName: string, init: PeerInit): Admitted {
    const { operation, key_session_id: keySessionId, epoch, paillier_bits: bits } = init;
    const partner = this.#admit(operation, partnerName);
    if (operation === 'keygen') {
      if (bits !== this.#context.config.paillier_bits) throw new CosignerError('intent_mismatch');
      return { partner, key: undefined, message: null };
    }
    if (operation === 'refresh' && this.#context.index !== 2) throw new CosignerError('wrong_side');
    const key = this.#usableKey(keySessionId ?? '', partner);
    if (key.share.epoch !== epoch) throw new CosignerError('epoch_mismatch');
    if (operation === 'refresh') {
      this.#checkRefreshable(key);
      if (key.next !== null) {
        throw new CosignerError('key_pending', 'the end of an earlier refresh is not known yet');
      }
      return { partner, key, message: null };
    }
    checkUnlocked(key);
    if (init.message === undefined || init.hash === undefined) throw new CosignerError('aborted');
    return { partner, key, message: hashed(init.message, init.hash) };
  }

  #admit(type: 'keygen' | 'sign' | 'refresh', name: string): PublicIdentity {
    const { config, partner: find } = this.#context;
    if (this.#closed) throw new CosignerError('stopping');
    const partner = find(name);
    if (partner === undefined) throw new CosignerError('unknown_partner');
    if (!config.capabilities.includes(type === 'sign' ? 'sign' : 'keygen')) {
      throw new CosignerError('not_capable');
    }
    if (this.#live.size >= config.max_sessions) throw new CosignerError('too_many_sessions');
    return partner;
  }

  /** @throws CosignerError when there is no such key of this partner, or it may never be used */
  #usableKey(keySessionId: string, partner: PublicIdentity): KeyRecord {
    const key = this.#context.store.keys.find(keySessionId);
    if (key === undefined || key.partner !== partner.name) throw new CosignerError('unknown_key');
    if (key.state === 'pending') throw new CosignerError('key_pending');
    if (key.state === 'retired') throw new CosignerError('key_retired');
    const { locks, own } = this.#context;
    if (locks.isPending(key.session_id))
      throw new CosignerError(lockCode(locks.locked(key).lock.state));
    const pinned =
      equalBytes(fromHex(key.partner_identity), partner.identity) &&
      equalBytes(fromHex(key.own_identity), own.identity);
    if (!pinned) {
      throw new CosignerError('invalid_certificate', 'the key was made with other identities');
    }
    return key;
  }

  #checkRefreshable(key: KeyRecord): void {
    checkOpenable(key);
    const running = [...this.#live.values()].some(
      ({ proposal }) => proposal.type === 'refresh' && proposal.keySessionId === key.session_id,
    );
    if (running) throw new CosignerError('refresh_running');
  }
}

/** @throws CosignerError `invalid_request` for a digest that is none */
function hashed(text: string, hash: MessageHash): SignableMessage {
  try {
    return signable(text, hash);
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
    throw new CosignerError('invalid_request', `message with hash ${hash}: ${messageOf(error)}`);
  }
}
