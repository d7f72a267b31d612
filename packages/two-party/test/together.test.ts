// P1 and P2 as two reducers with the protocol of tss between them, on the portable backend: as a phone runs it.
import { fromHex, verifySignature } from '@quorate/intent';
import { backend } from '@quorate/tss';
import { frozenShares } from '../../tss/test/support/twoParty.ts';
import { describe, expect, test } from 'vitest';
import { talk } from './support/side.ts';
import { sidesOf } from './support/sides.ts';

test('the backend is the portable one', () => {
  expect(backend.name).toBe('portable');
});

describe('a signature', () => {
  test.each([1, 2] as const)('that P%i proposes is the same at both, and good', (proposer) => {
    const [p1, p2] = sidesOf('sign', frozenShares(), proposer);
    [p1, p2][proposer - 1]?.propose();
    const said: [string, string | null | undefined][] = [];
    talk(p1, p2, ({ type }) => said.push([type, p1.view.signature]));
    const signature = p1.view.signature ?? '';
    const { message, address } = p1.terms;
    expect([p1.view.status, p2.view.status]).toEqual(['completed', 'completed']);
    expect(p2.view.signature).toBe(signature);
    expect(
      verifySignature(message?.digest ?? new Uint8Array(), fromHex(signature, 65), address ?? ''),
    ).toBe(true);
    expect(said.map(([type]) => type)).toEqual([
      'two_party_sign_init',
      'two_party_sign_init',
      'sign_commit',
      'sign_p2_nonce',
      'sign_open',
      'sign_p2_partial',
      'sign_done',
    ]);
    // P1's is kept by then, and not before.
    expect(said.filter(([, kept]) => kept !== undefined)).toEqual([['sign_done', signature]]);
  });
});
