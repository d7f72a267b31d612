import { describe, expect, test } from 'vitest';
import { createAgent } from '../../src/createAgent.ts';
import { readJournal } from '../../src/replacement/journal.ts';
import { replaceChip } from '../../src/replacement/replaceChip.ts';
import type { ReplacementService } from '../../src/replacement/service.ts';
import { startCluster } from '../support/cluster.ts';
import { approve } from '../support/replacing.ts';
import { CUTS, cutAt, expectFinished, PowerCut, Replaced } from './powerCuts.ts';

const PATIENCE = 120_000;

describe('a replacement whose power goes', () => {
  test(
    'E-1 is finished by running it again, with one active chip at each point, and the key signs after all of them',
    () => expectFinished(CUTS.filter(({ isPrincipal }) => isPrincipal)),
    PATIENCE,
  );

  test(
    'before the request is answered finds its own request; in the middle of the switch no agent starts',
    async () => {
      const cluster = await startCluster(['alice', 'bob']);
      const bob = cluster.member('bob');
      await bob.agent.close();
      const replaced = new Replaced(cluster, bob);
      const { options, openNext } = await replaced.next();
      const { service } = options;
      const lost = { ...options, service: cutAt(service, 'request', 'after') };
      await expect(replaceChip(lost)).rejects.toThrow(PowerCut);
      const asked = await replaceChip(options);
      expect(asked.state).toBe('requested');
      await approve(cluster, asked);
      // Neither the answer nor the state of the replacement comes through.
      const mute: ReplacementService = {
        ...service,
        find: answersOnce(service),
        switch: () => Promise.reject(new PowerCut()),
      };
      await expect(replaceChip({ ...options, service: mute })).rejects.toThrow(PowerCut);
      expect(readJournal(bob.directory)?.phase).toBe('switching');
      const chip = await openNext();
      const { pin } = options.fresh;
      const { directory, token } = bob;
      const start = createAgent({ directory, chip, pin, token: async () => token });
      await expect(start).rejects.toMatchObject({ code: 'replace/unfinished' });
      await chip.close();
      expect(await replaceChip(options)).toMatchObject({ state: 'completed' });
    },
    PATIENCE,
  );
});

/** Answers once; then the line is dead. */
function answersOnce(service: ReplacementService): ReplacementService['find'] {
  let asked = 0;
  return async (id) => {
    asked += 1;
    if (asked > 1) throw new PowerCut();
    return service.find(id);
  };
}
