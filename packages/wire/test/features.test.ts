import { describe, expect, it } from 'vitest';
import { FEATURES, featuresOf, participantCode } from '../src/index.ts';

describe('the header that names features', () => {
  it('Y-4: is read with or without spaces, and what is unknown in it is left out', () => {
    expect([...featuresOf(FEATURES.join(','))]).toEqual([...FEATURES]);
    expect([...featuresOf(` later , ${FEATURES.join(' , ')}`)]).toEqual([...FEATURES]);
    expect([...featuresOf('round_problems')]).toEqual([]);
  });

  it('Y-4: names nothing when it is missing, repeated or too long', () => {
    for (const header of [undefined, '', ['round_problem'], `round_problem,${'x'.repeat(1024)}`]) {
      expect([...featuresOf(header)]).toEqual([]);
    }
  });
});

it('X-9: participants are told final codes of the first version only', () => {
  expect(participantCode('expired')).toBe('aborted');
  expect(participantCode('timeout')).toBe('timeout');
  expect(participantCode('unknown_outcome')).toBe('unknown_outcome');
});
