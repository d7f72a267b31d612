import { describe, expect, test } from 'vitest';
import { schnorrBound, zkBound } from '../../src/lindell17/party.ts';
import { sessionIdOf } from '../support/parties.ts';

const sid = sessionIdOf('bounds');
const other = sessionIdOf('other bounds');

describe.each([
  ['a proof about numbers', zkBound],
  ['a Schnorr proof', schnorrBound],
])('F-2, Z1: what %s is bound to', (_, bound) => {
  const base = bound({ sid, epoch: 1 }, 1, 'step');

  test.each([
    ['session', bound({ sid: other, epoch: 1 }, 1, 'step')],
    ['epoch', bound({ sid, epoch: 2 }, 1, 'step')],
    ['prover', bound({ sid, epoch: 1 }, 2, 'step')],
    ['step', bound({ sid, epoch: 1 }, 1, 'other')],
  ])('differs with the %s', (_name, changed) => {
    expect(changed).not.toEqual(base);
  });
});
