import { afterAll, beforeAll, describe } from 'vitest';
import { complianceSuite } from '../support/complianceSuite.ts';
import { ChipsInReaders } from '../support/pcscHarness.ts';
import { missingPcscd, type Pcscd, startPcscd } from '../support/vpcd.ts';

describe.skipIf(missingPcscd() !== null)('over PC/SC', () => {
  let pcscd: Pcscd;
  let chips: ChipsInReaders;
  beforeAll(async () => {
    pcscd = await startPcscd();
    chips = await ChipsInReaders.insert(pcscd);
  });
  afterAll(() => pcscd.stop());

  complianceSuite('virtual chip in a reader', () => chips.make(), { fuzz: 0.3 });
});
