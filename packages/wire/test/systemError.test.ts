import { describe, expect, it } from 'vitest';
import { systemReason } from '../src/index.ts';

const failed = (code: string): Error => Object.assign(new Error(`${code}: said by Node`), { code });

describe('an error of the system', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'has expired'],
    ['CERT_NOT_YET_VALID', 'is not valid yet'],
  ])('X-10: of a certificate that is refused for its date (%s) names the clock', (code, what) => {
    expect(systemReason(failed(code))).toMatch(
      new RegExp(
        `^the other side's certificate ${what}: the clock here shows \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z; is it right\\?$`,
      ),
    );
  });

  it('is told in words, and in its own where there are none', () => {
    expect(systemReason(failed('ENOSPC'))).toBe('no space left on device');
    expect(systemReason(failed('CERT_UNTRUSTED'))).toBe('CERT_UNTRUSTED: said by Node');
  });
});
