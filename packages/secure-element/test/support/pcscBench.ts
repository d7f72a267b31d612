/** Chips in the readers of one test file, and the elements that are opened on them. */
import { randomBytes } from 'node:crypto';
import { sessionHash } from '@quorate/intent';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { openSecureElement, type SecureElement, type SecureElementError } from '../../src/index.ts';
import { Personalised } from './cardBodies.ts';
import { PIN } from './host.ts';
import { type CardBody, type Pcscd, startPcscd, VpcdCard } from './vpcd.ts';

/** Names a chip in a configuration. */
interface Who {
  readonly reader?: string;
  readonly public_key?: string;
}

/** A chip's public key as a configuration has it. */
export function keyOf({ publicKey }: Personalised): string {
  return Buffer.from(publicKey).toString('hex');
}

/** Is told when a person has to do something. */
export class Prompt {
  readonly told: string[] = [];
  readonly #waiting: { readonly part: string; readonly resolve: () => void }[] = [];

  readonly onWaiting = (what: string): void => {
    this.told.push(what);
    for (const { part, resolve } of this.#waiting) if (what.includes(part)) resolve();
  };

  /** Until a prompt has these words. */
  saying(part: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ part, resolve });
    });
  }
}

/** The service with the chips of two people; whatever a test put in or opened is undone after it. */
export class PcscBench {
  readonly #undo: (() => Promise<unknown>)[] = [];
  #pcscd: Pcscd | undefined;
  #alice: Personalised | undefined;
  #bob: Personalised | undefined;

  /** For the tests of the suite in which this is called. */
  static forTests(): PcscBench {
    const bench = new PcscBench();
    beforeAll(async () => {
      bench.#pcscd = await startPcscd();
      bench.#alice = await Personalised.make();
      bench.#bob = await Personalised.make();
    });
    afterEach(() => bench.#undoAll());
    afterAll(async () => {
      await bench.#pcscd?.stop();
      bench.#alice?.chip.remove();
      bench.#bob?.chip.remove();
    });
    return bench;
  }

  get pcscd(): Pcscd {
    return there(this.#pcscd);
  }

  get alice(): Personalised {
    return there(this.#alice);
  }

  get bob(): Personalised {
    return there(this.#bob);
  }

  /** Does something at the end of this test; the last first. */
  undo(step: () => Promise<unknown>): void {
    this.#undo.push(step);
  }

  async #undoAll(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) await step();
  }

  async inserted(slot: 0 | 1, body: CardBody): Promise<VpcdCard> {
    const card = new VpcdCard(this.pcscd, slot, body);
    await card.insert();
    this.undo(() => card.remove());
    return card;
  }

  async opened(
    who: Who = {},
    onWaiting: (what: string) => void = () => undefined,
  ): Promise<SecureElement> {
    const element = await openSecureElement({ kind: 'pcsc', ...who }, { onWaiting });
    this.undo(() => element.close());
    return element;
  }

  /** The error with which a chip does not open. */
  refused(who: Who): Promise<SecureElementError> {
    return this.opened(who).then(
      () => expect.fail('it opened'),
      (error) => error,
    );
  }

  /** An open chip with PIN and a session. */
  async ready(
    who: Personalised,
    onWaiting?: (what: string) => void,
  ): Promise<{ element: SecureElement; hash: Uint8Array; payload: Uint8Array }> {
    const element = await this.opened({ public_key: keyOf(who) }, onWaiting);
    await element.verifyPin(PIN);
    const payload = randomBytes(171);
    await element.signSession(payload);
    return { element, payload, hash: sessionHash(who.publicKey, payload) };
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not before beforeAll');
  return value;
}
