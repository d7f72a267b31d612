/** Berths of several agents whose sessions depend on each other, in any order of events. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Berth, Berths } from '../../src/chip/berths.ts';
import { berthsOf, ModelChip, settled, TestClock } from '../support/berthWorld.ts';

interface Agent {
  readonly chip: ModelChip;
  readonly berths: Berths;
}

/** One agent's part in a session. */
interface Part {
  readonly agent: Agent;
  berth?: Berth | undefined;
  challenge?: Uint8Array | undefined;
  lost: number;
  isRead: boolean;
}

class Session {
  readonly parts: readonly Part[];
  readonly end: AbortController = new AbortController();
  readonly turn: { readonly due: number; readonly name: string };

  constructor(agents: readonly Agent[], turn: { readonly due: number; readonly name: string }) {
    this.parts = agents.map((agent) => ({ agent, lost: 0, isRead: false }));
    this.turn = turn;
  }

  get isOver(): boolean {
    return this.end.signal.aborted || this.parts.every(({ isRead }) => isRead);
  }

  get hasParameters(): boolean {
    return this.parts.every(({ challenge }) => challenge !== undefined);
  }

  async certify(part: Part): Promise<void> {
    part.berth = await part.agent.berths.take(this.turn, this.end.signal);
    part.challenge = await part.berth?.challenge();
  }

  /** Reads, or renews the challenge for another attempt. */
  async read(part: Part): Promise<void> {
    const { agent, berth, challenge } = part;
    if (berth === undefined || challenge === undefined || part.isRead) return;
    if (berth.keep()) {
      expect(agent.chip.spend(challenge)).toBe(true);
      berth.spent();
      part.isRead = true;
      return;
    }
    part.lost += 1;
    berth.leave();
    part.berth = undefined;
    part.berth = await agent.berths.renew(this.end.signal);
    part.challenge = await part.berth?.challenge();
    // The coordinator takes a while, in which the others go on.
    for (let turn = 0; turn < 3; turn += 1) await settled();
    await this.read(part);
  }
}

/** A session's participants, as bits, and whether it ends before its READ. */
const SESSION = fc.record({ who: fc.integer({ min: 1, max: 7 }), ends: fc.nat(9) });
const STEP = fc.record({
  what: fc.constantFrom('arrive', 'arrive', 'read', 'read', 'wait', 'end'),
  which: fc.nat(),
  wait: fc.nat(2_000),
});

test('E-12: many sessions of three agents all end, no READ loses its challenge twice, and every berth is free again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(SESSION, { minLength: 30, maxLength: 120 }),
      fc.array(STEP, { minLength: 50, maxLength: 300 }),
      async (plans, steps) => {
        const clock = new TestClock();
        const agents = Array.from({ length: 3 }, (): Agent => {
          const chip = new ModelChip();
          return { chip, berths: berthsOf(chip, clock) };
        });
        const sessions = plans.map(({ who }, at) => {
          const own = agents.filter((_, index) => (who & (1 << index)) !== 0);
          return new Session(own, { due: Math.floor(at / 3), name: `s${at}` });
        });
        const arriving = sessions.flatMap((session) =>
          session.parts.map((part) => ({ session, part })),
        );
        const arrive = (at: number): void => {
          const [next] = arriving.splice(at % Math.max(arriving.length, 1), 1);
          if (next !== undefined) void next.session.certify(next.part);
        };
        const read = async (session: Session | undefined): Promise<void> => {
          if (session?.hasParameters !== true || session.isOver) return;
          for (const part of session.parts) void session.read(part);
          await settled();
        };
        for (const { what, which, wait } of steps) {
          const session = sessions[which % sessions.length];
          if (what === 'arrive') arrive(which);
          else if (what === 'read') await read(session);
          else if (what === 'wait') clock.pass(wait);
          else if (plans[which % plans.length]?.ends === 0) session?.end.abort();
          await settled();
        }
        while (arriving.length > 0) arrive(0);
        // Whoever is late enough is lent on; an hour is more than the longest queue needs.
        for (let turn = 0; turn < 1_200 && !sessions.every(({ isOver }) => isOver); turn += 1) {
          for (const session of sessions) await read(session);
          clock.pass(3_000);
          await settled();
        }
        expect(sessions.filter(({ isOver }) => !isOver)).toHaveLength(0);
        const losses = sessions.flatMap(({ parts }) => parts.map(({ lost }) => lost));
        expect(Math.max(...losses)).toBeLessThanOrEqual(1);
        for (const { berths } of agents) await expectAllFree(berths);
      },
    ),
    { numRuns: 60 },
  );
});

async function expectAllFree(berths: Berths): Promise<void> {
  const given: unknown[] = [];
  for (let at = 0; at < 31; at += 1) {
    const { signal } = new AbortController();
    const berth = at < 23 ? berths.take({ due: 0, name: '' }, signal) : berths.renew(signal);
    void berth.then((one) => given.push(one));
  }
  await settled();
  expect(given).toHaveLength(31);
}
