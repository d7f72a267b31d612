import { afterAll, beforeAll, describe } from 'vitest';
import { type CardServer, isAppletBuilt, startCardServer } from '../support/appletCard.ts';
import { complianceSuite } from '../support/complianceSuite.ts';

const canRun = isAppletBuilt() || process.env.CI === 'true';
if (!canRun) process.stderr.write('skipped: the Java Card applet, until `mvn -f applet package`\n');

describe.runIf(canRun)('contract 1.6', () => {
  let server: CardServer;
  beforeAll(async () => {
    server = await startCardServer();
  });
  afterAll(() => server.close());
  complianceSuite('Java Card applet on jCardSim', () => server.makeCard());
});
