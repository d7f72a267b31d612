/** Replacements of a chip whose power goes: where it goes, and what is left to finish them. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureElement } from '@quorate/secure-element';
import { toHex } from '@quorate/intent';
import { expect } from 'vitest';
import {
  type ReplaceChip,
  type ReplaceOptions,
  replaceChip,
} from '../../src/replacement/replaceChip.ts';
import type { ReplacementService } from '../../src/replacement/service.ts';
import { openPins } from '../../src/roster/pins.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { type Cluster, type Member, startClusterWithKey } from '../support/cluster.ts';
import { approve, newChip, openNew, replacing } from '../support/replacing.ts';

/** The process died: what follows does not happen. */
export class PowerCut extends Error {}

type Method = keyof ReplacementService;
type When = 'before' | 'after';

/** The coordinator, which answers until the power goes at the first such call. */
export function cutAt(
  service: ReplacementService,
  method: Method,
  when: When,
  step?: string,
): ReplacementService {
  let dead = false;
  return new Proxy(service, {
    get:
      (target, name: Method) =>
      async (...args: unknown[]) => {
        if (dead) throw new PowerCut();
        const asked = args.find((arg) => typeof arg === 'object' && arg !== null && 'step' in arg);
        const hit =
          name === method &&
          (step === undefined || (Object(asked) as { step: string }).step === step);
        dead = hit;
        if (hit && when === 'before') throw new PowerCut();
        const answer: unknown = await Reflect.apply(Reflect.get(target, name), target, args);
        if (hit) throw new PowerCut();
        return answer;
      },
  });
}

/** A chip whose host dies at the first such command. */
function chipCutAt(chip: SecureElement, command: keyof SecureElement, when: When): SecureElement {
  return new Proxy(chip, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (name === command && when === 'before') throw new PowerCut();
        const answer: unknown = await Reflect.apply(value, target, args);
        if (name === command) throw new PowerCut();
        return answer;
      };
    },
  });
}

/** One participant whose chip is replaced again and again. */
export class Replaced {
  readonly cluster: Cluster;
  readonly member: Member;
  #count = 0;
  #open: () => Promise<SecureElement>;

  constructor(cluster: Cluster, member: Member) {
    this.cluster = cluster;
    this.member = member;
    this.#open = () => cluster.openChip(member);
  }

  /** The chip that is the participant's own now. */
  openOwn(): Promise<SecureElement> {
    return this.#open();
  }

  /** Asks, is approved, and gives what goes on with the next chip. */
  async next(): Promise<{ options: ReplaceOptions; openNext: () => Promise<SecureElement> }> {
    this.#count += 1;
    const file = await newChip(this.cluster, `${this.member.username}-${this.#count}`);
    const openNext = (): Promise<SecureElement> => openNew(file);
    const plain = replacing(this.cluster, this.member, file);
    const options: ReplaceOptions = {
      ...plain,
      old: { ...plain.old, open: this.#open },
      fresh: { ...plain.fresh, seId: `${this.member.seId}-${this.#count}` },
    };
    return { options, openNext };
  }

  /** The new chip is the own one now, for this participant and everybody. */
  async adopted(openNext: () => Promise<SecureElement>): Promise<void> {
    this.#open = openNext;
    const chip = await openNext();
    const key = await chip.publicKey();
    expect((await chip.info()).used).toBe(1);
    await chip.close();
    this.cluster.chipKeys.set(this.member.username, key);
    const roster = this.cluster.roster(this.#count + 1);
    openPins(join(this.member.directory, 'pins.json')).importRoster(roster);
  }

  /** The chips that the registry lets take part. */
  async active(): Promise<string[]> {
    interface Listed {
      readonly chips: readonly { username: string; state: string; public_key: string }[];
    }
    const { chips } = await this.cluster.get<Listed>('/chips');
    return chips
      .filter(({ username, state }) => username === this.member.username && state === 'active')
      .map(({ public_key }) => public_key.replace(/^0x/, ''));
  }
}

const keyOf = async (open: () => Promise<SecureElement>): Promise<string> => {
  const chip = await open();
  const key = toHex(await chip.publicKey());
  await chip.close();
  return key;
};

export interface Cut {
  readonly name: string;
  /** Whether the coordinator has switched by then. */
  readonly switched?: boolean;
  readonly service?: readonly [Method, When, string?];
  readonly old?: readonly [keyof SecureElement, When];
  readonly fresh?: readonly [keyof SecureElement, When];
  /** The journal is gone, too. */
  readonly forgotten?: boolean;
  /** Whether `npm test` tries it; the long tests try all of them. */
  readonly isPrincipal?: true;
  /** Where the power goes in the run after that. */
  readonly again?: Pick<Cut, 'service' | 'fresh'>;
}

/** Where the power goes again, in a run that begins without a journal. */
const SECOND_CUTS: readonly NonNullable<Cut['again']>[] = [
  { service: ['authorise', 'before', 'discard'] },
  { fresh: ['delete', 'after'] },
  { fresh: ['store', 'after'] },
  { service: ['seal', 'before'] },
];

export const CUTS: readonly Cut[] = [
  { name: 'the old chip has released, nothing is sealed', old: ['read', 'after'] },
  { name: 'the ciphertext is in the journal, nothing is stored', fresh: ['store', 'before'] },
  { name: 'the new opener is stored, nobody knows', isPrincipal: true, fresh: ['store', 'after'] },
  {
    name: 'the new opener is stored, the journal is lost',
    fresh: ['store', 'after'],
    forgotten: true,
  },
  { name: 'the new chip has proven, nobody knows', fresh: ['read', 'after'] },
  { name: 'the ciphertext was not given', service: ['seal', 'before'] },
  { name: 'the ciphertext was given, the answer is lost', service: ['seal', 'after'] },
  {
    name: 'the ciphertext was given, the journal is lost',
    isPrincipal: true,
    service: ['switch', 'before'],
    forgotten: true,
  },
  ...SECOND_CUTS.map((again) => ({
    name: `the ciphertext was given, the journal is lost, then ${JSON.stringify(again)}`,
    service: ['switch', 'before'] as const,
    forgotten: true,
    again,
  })),
  { name: 'the switch was asked for, and not made', service: ['switch', 'before'] },
  {
    name: 'the switch was made, the answer is lost',
    isPrincipal: true,
    service: ['switch', 'after'],
    switched: true,
  },
  {
    name: 'the deletion was not authorised',
    service: ['authorise', 'before', 'delete'],
    switched: true,
  },
  {
    name: 'the deletion was authorised',
    service: ['authorise', 'after', 'delete'],
    switched: true,
  },
  {
    name: 'the old record is gone, nobody knows',
    isPrincipal: true,
    old: ['delete', 'after'],
    switched: true,
  },
  { name: 'the receipt was not given', service: ['receipt', 'before'], switched: true },
  {
    name: 'the receipt was given, the answer is lost',
    service: ['receipt', 'after'],
    switched: true,
  },
];

function withCut(
  options: ReplaceOptions,
  cut: Pick<Cut, 'service' | 'old' | 'fresh'>,
): ReplaceOptions {
  const { old, fresh } = options;
  const opening = (chip: ReplaceChip, at: Cut['old']) => async (): Promise<SecureElement> => {
    const element = await chip.open();
    return at === undefined ? element : chipCutAt(element, ...at);
  };
  return {
    ...options,
    service: cut.service === undefined ? options.service : cutAt(options.service, ...cut.service),
    old: { ...old, open: opening(old, cut.old) },
    fresh: { ...fresh, open: opening(fresh, cut.fresh) },
  };
}

/** Cuts the power at each of these points and runs the replacement again; the key signs after all of them. */
export async function expectFinished(cuts: readonly Cut[]): Promise<void> {
  const { cluster, address } = await startClusterWithKey(['alice', 'bob']);
  const [alice, bob] = [cluster.member('alice'), cluster.member('bob')];
  await eventually(() => bob.agent.state.keys.findByAddress(address)?.state === 'active');
  await bob.agent.close();
  const replaced = new Replaced(cluster, bob);
  for (const cut of cuts) {
    const { options, openNext } = await replaced.next();
    await approve(cluster, await replaceChip(options));
    const [before, after] = [await keyOf(() => replaced.openOwn()), await keyOf(openNext)];
    await expect(replaceChip(withCut(options, cut)), cut.name).rejects.toThrow(PowerCut);
    expect(await replaced.active(), cut.name).toEqual([cut.switched ? after : before]);
    if (cut.forgotten) rmSync(join(bob.directory, 'replacement.json'));
    if (cut.again !== undefined)
      await expect(replaceChip(withCut(options, cut.again)), cut.name).rejects.toThrow(PowerCut);
    const done = await replaceChip(options);
    expect(done, cut.name).toMatchObject({
      state: 'completed',
      old_chip: { state: 'destroyed' },
    });
    expect(await replaced.active(), cut.name).toEqual([after]);
    const old = await replaced.openOwn();
    expect((await old.info()).used, cut.name).toBe(0);
    await old.close();
    await replaced.adopted(openNext);
  }
  await alice.agent.close();
  openPins(join(alice.directory, 'pins.json')).importRoster(cluster.roster(cuts.length + 2));
  openPins(join(bob.directory, 'pins.json')).importRoster(cluster.roster(cuts.length + 2));
  await cluster.start(alice);
  await cluster.start(bob, { chip: await replaced.openOwn() });
  expect(await cluster.sign('after', address, ['alice', 'bob'])).toMatch(/^0x/);
}
