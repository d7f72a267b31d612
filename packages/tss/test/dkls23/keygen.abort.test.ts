import { describe, expect, test } from 'vitest';
import { keygen } from '../../src/dkls23/index.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import { expectSound } from '../support/judge.ts';
import { type Deviation, deviatingKeygen } from '../support/misbehave.ts';
import { keygenSessions, sessionIdOf } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { simulate } from '../support/simulate.ts';

describe('with three parties', () => {
  const threeWith = (deviation: Deviation) => {
    const sessions = keygenSessions(2, 3, 'three');
    const rng = seededRng('keygen/three/2');
    const parameters = {
      sessionId: sessionIdOf('keygen/three'),
      threshold: 2,
      parties: 3,
      index: 2,
      rng,
    };
    sessions.set(2, deviatingKeygen(parameters, deviation));
    const { outcomes } = simulate(sessions);
    expectSound(outcomes, 2);
    return outcomes;
  };

  test('D-7: a wrong share is seen by the one who got it, and names its dealer', () => {
    const outcomes = threeWith({
      round: 3,
      part: 'each',
      towards: [1],
      alter: (bytes) => bytes.map((byte, at) => (at === 31 ? byte ^ 1 : byte)),
    });
    expect(outcomes.get(1)).toMatchObject({ reason: 'invalid-share', culprits: [2], bans: [] });
    expect(outcomes.get(3)?.status).not.toBe('completed');
  });

  test('D-6: two versions of a broadcast end the session for both, without blame on the honest', () => {
    const run = simulate(keygenSessions(2, 3, 'split'), {
      tamper: (message, to) =>
        message.round === 1 && message.from === 2 && to === 3
          ? [
              {
                ...message,
                body: message.body.map((byte, at) => byte ^ (at < ECHO_LENGTH ? 0 : 1)),
              },
            ]
          : [message],
    });
    expect(run.outcomes.get(1)).toMatchObject({ reason: 'equivocation', culprits: [] });
    expect(run.outcomes.get(3)).toMatchObject({ reason: 'equivocation', culprits: [] });
  });

  test('D-8: another chain-code share for one peer is that dealer’s fault', () => {
    const outcomes = threeWith({
      round: 2,
      part: 'each',
      towards: [3],
      alter: (bytes) => bytes.map((byte, at) => (at < 32 ? byte ^ 1 : byte)),
    });
    expect(outcomes.get(3)).toMatchObject({ reason: 'commitment-mismatch', culprits: [2] });
  });

  test('F-8: a copied commitment opens for nobody else', () => {
    const copy = keygen({
      sessionId: sessionIdOf('keygen/three'),
      threshold: 2,
      parties: 3,
      index: 1,
      rng: seededRng('keygen/three/1'),
    })
      .start()[0]
      ?.body.subarray(ECHO_LENGTH);
    if (copy === undefined) throw new Error('no message');
    const outcomes = threeWith({ round: 1, part: 'all', alter: () => copy });
    expect(outcomes.get(1)).toMatchObject({ reason: 'commitment-mismatch', culprits: [2] });
    expect(outcomes.get(3)).toMatchObject({ reason: 'commitment-mismatch', culprits: [2] });
  });

  test('R-7: a second version of a message for a filled slot is equivocation with both as evidence', () => {
    const run = simulate(keygenSessions(2, 3, 'twice'), {
      tamper: (message, to) =>
        message.round === 1 && message.from === 2 && to === 1
          ? [message, { ...message, body: message.body.map((byte) => byte ^ 1) }]
          : [message],
    });
    const outcome = run.outcomes.get(1);
    expect(outcome).toMatchObject({ reason: 'equivocation', culprits: [2] });
    expect(outcome?.status === 'aborted' && outcome.evidence.length).toBe(2);
  });
});
