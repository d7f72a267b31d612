import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureElement } from '@quorate/secure-element';
import { expect, test } from 'vitest';
import { createAgent } from '../src/agent.ts';
import { loadAgentConfig } from '../src/config.ts';
import { PIN, startCluster } from './support/cluster.ts';

/** The chip, and how often it was closed. */
function counted(chip: SecureElement): { chip: SecureElement; closed: () => number } {
  let closed = 0;
  const close = chip.close.bind(chip);
  chip.close = () => {
    closed += 1;
    return close();
  };
  return { chip, closed: () => closed };
}

test('an agent that cannot start leaves neither its chip nor its directory open', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const { directory } = alice;
  writeFileSync(join(directory, 'policy.yaml'), 'keygen: perhaps\n');
  const bad = { ...loadAgentConfig(directory), approval: { policy: 'policy.yaml' } };
  const { chip, closed } = counted(await cluster.openChip(alice));
  const pin = async (): Promise<Uint8Array> => Uint8Array.from(PIN);
  const options = { directory, config: bad, chip, pin, token: async () => alice.token };
  await expect(createAgent(options)).rejects.toMatchObject({ code: 'policy/invalid' });
  expect(closed()).toBe(1);
  await cluster.start(alice);
});
