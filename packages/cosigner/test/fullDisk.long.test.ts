import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { keyedStores } from './support/keyedStores.ts';
import { Meddler } from './support/meddler.ts';
import { peerOf, Running } from './support/pair.ts';
import { hasSmallDisks, SmallDisk } from './support/smallDisk.ts';

// Real proofs and refreshes, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

describe.runIf(hasSmallDisks)('a P1 whose store and log are on one small disk', () => {
  const keyed = keyedStores();
  let key: string;
  beforeAll(() => {
    key = keyed.key;
  });

  const SETTINGS = { store: 'small/enterprise' };

  /** Runs a signature whose proof P2 breaks; `before` happens as its last message reaches P1. */
  async function attacked(
    seams1: readonly string[],
    log: string,
    before: (disk: SmallDisk) => void,
  ): Promise<{ disk: SmallDisk; p1: Running; p2: Running; restart: () => Promise<Running> }> {
    const directory = keyed.copy();
    const disk = await SmallDisk.mount(join(directory, 'small'), join(directory, 'enterprise'));
    const start = (seams: readonly string[]): Promise<Running> =>
      Running.start(directory, 'enterprise', SETTINGS, seams, (...command) => {
        const script = `exec "$@" 2>> '${log.replace('DISK', join(directory, 'small'))}'`;
        return disk.launch('sh', '-c', script, 'sh', ...command);
      });
    const p1 = await start(seams1);
    const meddler = await Meddler.start(peerOf(p1));
    const p2 = await Running.start(directory, 'mobile-app', { peer: meddler.url }, ['evil']);
    await Promise.all([p1.connected(), p2.connected()]);
    let done = false;
    const reached = new Promise<void>((resolve) => {
      meddler.decide = ({ type, towards }) => {
        if (type === 'sign_p2_partial' && towards === 'p1' && !done) {
          done = true;
          before(disk);
          resolve();
        }
        return 'pass';
      };
    });
    const order = { session_id: key, message: 'pay', partner: 'enterprise', wait: 0 };
    await p2.ask('/api/v1/sign/two-party', order);
    await reached;
    return {
      disk,
      p1,
      p2,
      restart: async () => {
        await Promise.all([p1.kill(), p2.kill()]);
        await meddler.close();
        return start([]);
      },
    };
  }

  test.each([
    ['refreshable', 'locked', []],
    ['terminal', 'retired', ['terminal']],
  ])(
    'X-6: full, a %s lock survives the process, though its log line ends it',
    async (_, state, seams) => {
      const { disk, p1, p2, restart } = await attacked(seams, 'DISK/log', (one) => one.fill());
      // Either the log line that found no room has ended it, or it has told P2.
      await Promise.race([
        p1.ended,
        p2.until(
          () => p2.lastError(),
          (code) => code !== undefined,
        ),
      ]);
      const server = restart();
      disk.empty();
      const p1Again = await server;
      expect(await p1Again.keys()).toMatchObject([{ session_id: key, state }]);
      await p1Again.stop();
      disk.close();
    },
  );

  test('X-6: read-only, the partial is not opened: nothing is judged, nothing is to be locked', async () => {
    const { disk, p1, p2, restart } = await attacked([], '/dev/null', (one) =>
      one.protect('enterprise', 'keys'),
    );
    await p2.until(
      () => p2.lastError(),
      (code) => code !== undefined,
    );
    const [session] = await p1.sessions();
    expect(session).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    expect((await p1.keys())[0]).toMatchObject({ state: 'active' });
    disk.unprotect('enterprise', 'keys');
    const again = await restart();
    expect((await again.keys())[0]).toMatchObject({ state: 'active' });
    expect(readdirSync(disk.at('enterprise', 'evidence'))).toEqual([]);
    await again.stop();
    disk.close();
  });
});
