/** Participants whose chips are cards in readers, with the real smart card service. */
import { fromHex, recoverAddress } from '@quorate/intent';
import { openSecureElement, type SecureElement } from '@quorate/secure-element';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CardChip, makeCardChip } from '../../../secure-element/test/support/pcscHarness.ts';
import {
  missingPcscd,
  type Pcscd,
  READERS,
  startPcscd,
  VpcdCard,
} from '../../../secure-element/test/support/vpcd.ts';
import { type Cluster, DATA, startCluster } from '../support/cluster.ts';

const READ = 0x12;
const PEOPLE = ['alice', 'bob', 'carl'];

describe.skipIf(missingPcscd() !== null)('chips in readers', () => {
  const chips: CardChip[] = [];
  const finish: (() => unknown)[] = [];
  let pcscd: Pcscd;
  let card: VpcdCard;
  let cluster: Cluster;
  let address: string;
  let prompted: (what: string) => void = () => undefined;

  beforeAll(async () => {
    pcscd = await startPcscd();
    for (const slot of [0, 1] as const) {
      const chip = await makeCardChip();
      chips.push(chip);
      const inReader = new VpcdCard(pcscd, slot, chip);
      await inReader.insert();
      if (slot === 0) card = inReader;
    }
    const inReader = (reader: string) => (): Promise<SecureElement> =>
      openSecureElement({ kind: 'pcsc', reader }, { onWaiting: (what) => prompted(what) });
    const openers = { alice: inReader(READERS[0]), bob: inReader(READERS[1]) };
    cluster = await startCluster(PEOPLE, { chips: openers, deadlines: { round: 60_000 } }, (step) =>
      finish.push(step),
    );
    address = await cluster.keygen('pcsc-keygen');
  });
  afterAll(async () => {
    for (const step of finish.reverse()) await step();
    await pcscd.stop();
    for (const chip of chips) chip.remove();
  });

  async function signs(session: string, people: string[]): Promise<void> {
    const signature = await cluster.sign(session, address, people);
    expect(recoverAddress(fromHex(DATA), fromHex(signature.slice(2)))).toBe(address);
  }

  const renewals = (session: string): number =>
    cluster.proxy
      .of('chip_challenge', 'alice')
      .filter((message) => message['session_key'] === session).length;

  test('a key is made and signed with by two chips in readers, and by one of them and a virtual chip', async () => {
    await signs('pcsc-1', ['alice', 'bob']);
    await signs('pcsc-2', ['alice', 'carl']);
    await cluster.restart(cluster.member('alice'));
    await signs('pcsc-3', ['alice', 'bob']);
  });

  test('E-10: a card that is pulled during READ and put back costs its session a renewal and nothing else', async () => {
    const asked = new Promise<string>((resolve) => {
      prompted = resolve;
    });
    const pulled: Promise<void>[] = [];
    card.onCommand = (apdu) => {
      if (apdu[1] === READ && pulled.length === 0) pulled.push(card.remove());
    };
    const signing = signs('pcsc-pulled', ['alice', 'carl']);
    expect(await asked).toContain('put the chip');
    await Promise.all(pulled);
    await card.insert();
    await signing;
    card.onCommand = () => undefined;
    expect(renewals('pcsc-pulled')).toBeGreaterThan(0);
    const record = cluster.member('alice').agent.state.keys.findByAddress(address);
    expect(record).toMatchObject({ state: 'active', releases: { outstanding: 0 } });
  });

  test('E-10: a chip that is out when the invitation comes is asked for, and the session goes on with it', async () => {
    const asked = new Promise<void>((resolve) => {
      prompted = () => resolve();
    });
    await card.remove();
    const signing = signs('pcsc-out', ['alice', 'carl']);
    await asked;
    await card.insert();
    await signing;
  });

  test('E-10: 20 sessions at once on one chip in a reader', async () => {
    const sessions = Array.from({ length: 20 }, (_, at) => `pcsc-together-${at}`);
    await Promise.all(sessions.map((session) => signs(session, ['alice', 'carl'])));
    const releases = cluster.member('alice').agent.state.keys.findByAddress(address)?.releases;
    expect(releases).toMatchObject({ outstanding: 0 });
    expect(releases?.confirmed).toBeGreaterThanOrEqual(25);
  });

  test('an agent whose chip is out can be stopped', async () => {
    const asked = new Promise<void>((resolve) => {
      prompted = () => resolve();
    });
    await card.remove();
    const signing = cluster.sign('pcsc-stopped', address, ['alice', 'carl']).catch(String);
    await asked;
    await cluster.member('alice').agent.close();
    await card.insert();
    await cluster.start(cluster.member('alice'));
    expect(await signing).toMatch(/participant_restarted|aborted|timeout/);
  });
});
