import { complianceSuite } from '../support/complianceSuite.ts';
import { makeVirtualChip } from '../support/virtualHarness.ts';

complianceSuite('virtual chip', makeVirtualChip);
