/** Both sides of one session. */
import { ethereumAddress } from '@quorate/tss';
import type { TwoPartyKeyshare } from '@quorate/tss/lindell17';
import { fixturePairs } from '../../../../test/support/fixturePrimes.ts';
import { termsOf } from './parties.ts';
import { Side } from './side.ts';

const pairs = fixturePairs(2048);

/** Both sides of a session; the given one proposes it. */
export function sidesOf(
  type: 'keygen' | 'sign' | 'refresh',
  shares: readonly TwoPartyKeyshare[] = [],
  proposer: 1 | 2 = 1,
): readonly [Side, Side] {
  const [share] = shares;
  const address = share === undefined ? null : ethereumAddress(share.publicKey);
  const side = (index: 1 | 2): Side => {
    const initiator = index === proposer ? 'own' : 'partner';
    const own = shares[index - 1];
    const from = share === undefined ? 0 : 3;
    const primes = index === 1 ? pairs.slice(from, from + 2) : pairs.slice(from + 2, from + 3);
    return new Side(termsOf(type, index, { initiator, address }), {
      ...(own === undefined ? {} : { share: own }),
      ...(type === 'sign' ? {} : { primes }),
    });
  };
  return [side(1), side(2)];
}
