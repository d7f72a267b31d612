import { IntentError } from '@quorate/intent';
import { expect, test } from 'vitest';
import { thrownBy } from '../../../../test/support/thrownBy.ts';
import { HolderError } from '../../src/errors.ts';
import { faultOf } from '../../src/threads/fault.ts';

const SECRET = '0x1234567890abcdef1234567890abcdef';

test('X-4: what the runtime throws may quote a secret, which does not reach the log', () => {
  const errors = [
    thrownBy(() => BigInt(`${SECRET}g`)),
    thrownBy(() => JSON.parse(SECRET)),
    new TypeError(SECRET),
    Object.assign(new Error(SECRET), { code: 'ERR_OSSL_EVP' }),
    SECRET,
  ];
  for (const error of errors) {
    const fault = faultOf(error);
    expect(JSON.stringify(fault)).not.toContain(SECRET.slice(2));
    expect(fault.message).toBeNull();
  }
  expect(faultOf(errors[3])).toMatchObject({ name: 'Error', code: 'ERR_OSSL_EVP' });
});

test('our own words are kept, with the place', () => {
  const errors = [
    new HolderError('session/refused', 'party 2: no shared secret'),
    new IntentError('intent/public-key', 'a point'),
    new Error('unreachable: a broadcast is missing'),
  ];
  for (const error of errors) {
    const fault = faultOf(error);
    expect(fault.message).toBe(error.message);
    expect(fault.at[0]).toContain('fault.test.ts');
  }
});
