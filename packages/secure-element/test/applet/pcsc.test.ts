import { afterAll, beforeAll, describe } from 'vitest';
import { type CardServer, isAppletBuilt, startCardServer } from '../support/appletCard.ts';
import { complianceSuite } from '../support/complianceSuite.ts';
import { ChipsInReaders } from '../support/pcscHarness.ts';
import { missingPcscd, type Pcscd, startPcscd } from '../support/vpcd.ts';

const canRun = (isAppletBuilt() || process.env.CI === 'true') && missingPcscd() === null;

describe.runIf(canRun)('over PC/SC', () => {
  let pcscd: Pcscd;
  let server: CardServer;
  let chips: ChipsInReaders;
  beforeAll(async () => {
    [pcscd, server] = await Promise.all([startPcscd(), startCardServer()]);
    chips = await ChipsInReaders.insert(pcscd);
  });
  afterAll(async () => {
    await server.close();
    await pcscd.stop();
  });

  complianceSuite('Java Card applet on jCardSim in a reader', () => chips.make(server.makeBody), {
    fuzz: 0.2,
  });
});
