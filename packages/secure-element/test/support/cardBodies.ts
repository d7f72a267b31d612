/** Cards that are not what they should be, or do more than they should. */
import { randomBytes } from 'node:crypto';
import type { ApduTransport } from '../../src/index.ts';
import { type Authority, authorisation, makeAuthority, PIN } from './host.ts';
import { type CardChip, makeCardChip } from './pcscHarness.ts';
import { ApduSecureElement, type SecureElement } from '../../src/index.ts';
import type { CardBody } from './vpcd.ts';

/** A card that answers by a function. */
export function answering(answer: (apdu: Uint8Array) => Uint8Array): CardBody {
  return {
    power: async () => ({ transmit: async (apdu) => answer(apdu), close: async () => undefined }),
  };
}

/** A chip of which some answers are others: `undefined` leaves the answer to the chip. */
export function tampered(
  chip: CardChip,
  answer: (apdu: Uint8Array) => Uint8Array | Promise<Uint8Array> | undefined,
): CardBody {
  return {
    power: async () => {
      const inside: ApduTransport = await chip.power();
      return {
        transmit: async (apdu) => (await answer(apdu)) ?? inside.transmit(apdu),
        close: () => inside.close(),
      };
    },
  };
}

/** A personalised chip with one record, and what releases it. */
export class Personalised {
  readonly chip: CardChip;
  readonly publicKey: Uint8Array;
  readonly authority: Authority;
  readonly record: { recordId: Buffer; address: Buffer; secret: Buffer };

  private constructor(
    chip: CardChip,
    publicKey: Uint8Array,
    authority: Authority,
    record: Personalised['record'],
  ) {
    this.chip = chip;
    this.publicKey = publicKey;
    this.authority = authority;
    this.record = record;
  }

  static async make(): Promise<Personalised> {
    const chip = await makeCardChip();
    const authority = makeAuthority();
    const record = { recordId: randomBytes(32), address: randomBytes(20), secret: randomBytes(32) };
    const element = new ApduSecureElement(await chip.power());
    await element.personalise(authority.publicKey, PIN);
    await element.verifyPin(PIN);
    await element.store(record);
    const publicKey = await element.publicKey();
    await element.close();
    return new Personalised(chip, publicKey, authority, record);
  }

  /** The data of READ, over a new challenge of the chip. */
  async access(
    element: SecureElement,
    sessionHash: Uint8Array,
  ): Promise<Parameters<SecureElement['read']>[0]> {
    const access = {
      recordId: this.record.recordId,
      address: this.record.address,
      sessionHash: Buffer.from(sessionHash),
      digest: randomBytes(32),
      challenge: Buffer.from(await element.challenge()),
    };
    const signature = this.authority.sign(authorisation(0x12, this.publicKey, access));
    return { ...access, signature };
  }
}
