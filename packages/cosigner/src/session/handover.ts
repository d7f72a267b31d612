/**
 * A new share on its way to being the key (docs/spec/cosigner.md, "Two phases"): stored here, stored
 * there, active at P1, active at P2.
 */
import { encodeMail, hex0x } from '@quorate/two-party';
import type { PeerSync } from '@quorate/wire';
import type { NewShare } from '../worker/protocol.ts';
import { activateShare, discardShare, storeShare } from './commit.ts';
import type { SessionLife } from './life.ts';

/** The new share of one session. */
export class Handover {
  readonly #life: SessionLife;
  #partnerStored = false;

  constructor(life: SessionLife) {
    this.#life = life;
  }

  /** The share is sealed, stored and on the chip before the partner hears of it. */
  keep(made: NewShare): void {
    const { context, proposal } = this.#life;
    this.#life.phase = 'storing';
    this.#life.working(async () => {
      const shown = { address: made.address, public_key: hex0x(made.publicKey) };
      try {
        await storeShare(context, proposal, made);
      } catch (error) {
        discardShare(context, proposal);
        throw error;
      } finally {
        this.#life.room.giveUp();
      }
      // A session that ends meanwhile leaves it to this place, where the chip has the record.
      this.#life.phase = 'stored';
      if (this.#life.isDeaf) return discardShare(context, proposal);
      this.#life.show({ ...shown, step: 'StepKeygenP2' });
      this.#life.armStep();
      if (context.index === 2) this.#say('stored');
      else this.#commit();
    });
  }

  /** P2 says that it has stored its share. */
  partnerStored(): void {
    if (this.#life.context.index !== 1) return;
    this.#partnerStored = true;
    this.#commit();
  }

  /** P1 says that it uses its share. */
  partnerActive(): void {
    if (this.#life.context.index !== 2 || this.#life.phase !== 'stored') return;
    this.#activate();
    this.#life.complete({});
  }

  /** P1 said so by another message, and the share is active already. */
  confirmed(): void {
    if (this.#life.phase === 'stored') this.#life.complete({});
  }

  #commit(): void {
    const { context, phase, proposal } = this.#life;
    if (phase !== 'stored' || !this.#partnerStored) return;
    if (context.locks.isPending(proposal.keySessionId)) return;
    this.#activate();
    this.#say('active');
    this.#life.complete({});
  }

  #activate(): void {
    const { context, proposal } = this.#life;
    activateShare(context, proposal.keySessionId ?? proposal.id);
  }

  #say(phase: 'stored' | 'active'): void {
    if (phase === 'stored') this.#life.leaveOutcome();
    const plaintext = encodeMail({ phase } satisfies PeerSync);
    this.#life.courier.post({ type: 'session_sync', round: 0, plaintext, signature: '' });
  }
}
