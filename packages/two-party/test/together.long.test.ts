// A key of two reducers with the protocol of tss between them, on the portable backend: as a phone makes it.
import { describe, expect, test } from 'vitest';
import { talk } from './support/side.ts';
import { sidesOf } from './support/sides.ts';

describe('a share', () => {
  // Modular powers of numbers take their time here.
  test('is generated, and refreshed: both have it, P1 first, and both sign with it', {
    timeout: 600_000,
  }, () => {
    const [p1, p2] = sidesOf('keygen');
    p1.propose();
    const active: (readonly boolean[])[] = [];
    talk(p1, p2, ({ type }) => {
      if (type === 'session_sync') active.push([p1.share !== undefined, p2.share !== undefined]);
    });
    expect([p1.view.status, p2.view.status]).toEqual(['completed', 'completed']);
    // When P2 says stored, nobody uses it; when P1 says active, P1 does.
    expect(active).toEqual([
      [false, false],
      [true, false],
    ]);
    const made = [p1.share, p2.share].flatMap((share) => share ?? []);
    const [n1, n2] = sidesOf('refresh', made);
    n1.propose();
    talk(n1, n2);
    expect([n1.share?.epoch, n2.share?.epoch]).toEqual([1, 1]);
    expect(n1.share?.publicKey).toEqual(p1.share?.publicKey);
    const [s1, s2] = sidesOf(
      'sign',
      [n1.share, n2.share].flatMap((share) => share ?? []),
      2,
    );
    s2.propose();
    talk(s1, s2);
    expect([s1.view.status, s2.view.status]).toEqual(['completed', 'completed']);
    // One that has the new epoch and one that has the old one do not begin.
    const [, old] = made;
    const [late1, late2] = sidesOf(
      'sign',
      [n1.share, old].flatMap((share) => share ?? []),
      1,
    );
    late1.propose();
    expect(() => talk(late1, late2)).toThrow('intent_mismatch');
  });
});
