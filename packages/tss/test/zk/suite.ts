/** The tests of every proof (docs/spec/zk.md): completeness, binding, ranges, malformed values. */
import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { body, type Field } from '../../src/codec.ts';
import { DecodeError } from '../../src/index.ts';
import type { ZkContext } from '../../src/zk/transcript.ts';
import { everywhere, leaves } from './alter.ts';

/** One proof under test. */
export interface ProofCase<S, P> {
  readonly name: string;
  readonly bound: ZkContext;
  /** Contexts that differ in one respect each. */
  readonly others: readonly ZkContext[];
  readonly statement: S;
  /** Statements that differ from it in one respect each, valid in themselves. */
  readonly statements: Readonly<Record<string, S>>;
  prove(): P;
  verify(bound: ZkContext, statement: S, proof: P): boolean;
  readonly field: Field<P>;
  /** Completeness runs. */
  readonly runs: number;
  /** N of the statement. */
  readonly N: bigint;
  /**
   * For a response: what may be added to it so that every equation still holds; a multiple of the orders of
   * all groups that it is an exponent in, large enough to leave the range in both directions.
   */
  readonly shifts: Readonly<Record<string, bigint>>;
  /** Responses that are units: adding N keeps every equation. */
  readonly units: Readonly<Record<string, bigint>>;
}

/** Counts the calls into everything that is expensive. */
export function watchArithmetic(): { calls(): number; restore(): void } {
  const names = ['modPow', 'modPowPublic', 'isProbablePrime', 'mul', 'mulPublic'] as const;
  const spies = names.map((name) => vi.spyOn(backend, name));
  return {
    calls: () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0),
    restore: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

const HUGE = 1n << (1n << 20n);

/** The suite; further tests of one proof stand in its own file. */
export function proofSuite<S, P>(subject: ProofCase<S, P>): void {
  const { name, bound, statement, field, N } = subject;
  const verify = (context: ZkContext, claim: S, proof: P): boolean =>
    subject.verify(context, claim, proof);
  const honest = subject.prove();
  const codec = body(field);

  describe(name, () => {
    test('completeness: honest proofs verify, also after a trip through their bytes', () => {
      for (let run = 0; run < subject.runs; run++) {
        const proof = run === 0 ? honest : subject.prove();
        const decoded = codec.decode(codec.encode(proof), 'proof');
        expect(decoded).toEqual(proof);
        expect(verify(bound, statement, decoded)).toBe(true);
      }
    });

    test('F-2, Z1, P-12: another session, prover, verifier, role or context is rejected', () => {
      for (const other of subject.others) expect(verify(other, statement, honest)).toBe(false);
    });

    test.each(Object.keys(subject.statements))(
      'L-8, P-9, P-11: another %s is rejected',
      (change) => {
        const other = subject.statements[change];
        if (other === undefined) throw new Error('no statement');
        expect(verify(bound, other, honest)).toBe(false);
      },
    );

    test('every field of the bytes altered is rejected', () => {
      const encoded = codec.encode(honest);
      for (const { start, end } of sampledSpans(codec.spans(encoded))) {
        for (const at of [start, end - 1]) {
          const altered = encoded.slice();
          altered[at] = (altered[at] ?? 0) ^ 1;
          expect(accepts(altered), `byte ${at}`).toBe(false);
        }
      }
    });

    const accepts = (bytes: Uint8Array): boolean => {
      try {
        return verify(bound, statement, codec.decode(bytes, 'proof'));
      } catch (error) {
        if (error instanceof DecodeError) return false;
        throw error;
      }
    };

    test('P-9, C5: bytes cut off, appended, none, and other counts are refused', () => {
      const encoded = codec.encode(honest);
      const bad = [new Uint8Array(0), encoded.slice(0, -1), Uint8Array.of(...encoded, 0)];
      for (const bytes of bad) expect(() => codec.decode(bytes, 'proof')).toThrow(DecodeError);
    });

    test('D-2: arrays empty, one short and one long are rejected', () => {
      for (const [key, value] of Object.entries(honest as object)) {
        if (!Array.isArray(value)) continue;
        for (const items of [[], value.slice(0, -1), [...value, value[0]]]) {
          expect(verify(bound, statement, { ...honest, [key]: items })).toBe(false);
        }
      }
    });

    test('L-6, Z5: proofs of all zeros, all ones and all N are rejected', () => {
      for (const value of [0n, 1n, N, -1n]) {
        expect(verify(bound, statement, everywhere(honest, value))).toBe(false);
      }
    });

    test('P10: each number alone as 0, 1, −1, N, N² is rejected', () => {
      for (const { path, alter } of leaves(honest)) {
        for (const value of [0n, 1n, -1n, N, N * N]) {
          expect(
            verify(
              bound,
              statement,
              alter(() => value),
            ),
            path,
          ).toBe(false);
        }
      }
    });

    test('L4, L-3: a response that leaves its range in either direction is rejected by its range', () => {
      for (const { path, alter } of leaves(honest)) {
        const shift = subject.shifts[path.replace(/\.\d+/, '')];
        if (shift === undefined) continue;
        expect(
          verify(
            bound,
            statement,
            alter((value) => value + shift),
          ),
          path,
        ).toBe(false);
        expect(
          verify(
            bound,
            statement,
            alter((value) => value - shift),
          ),
          path,
        ).toBe(false);
      }
    });

    test('P10, P-10: a unit in another representation is rejected', () => {
      for (const { path, alter } of leaves(honest)) {
        const modulus = subject.units[path.replace(/\.\d+/, '')];
        if (modulus === undefined) continue;
        expect(
          verify(
            bound,
            statement,
            alter((value) => value + modulus),
          ),
          path,
        ).toBe(false);
        expect(
          verify(
            bound,
            statement,
            alter((value) => value - modulus),
          ),
          path,
        ).toBe(false);
      }
    });

    test('oversized numbers are refused before any arithmetic, in proof and statement', () => {
      const watch = watchArithmetic();
      for (const sign of [1n, -1n]) {
        for (const { path, alter } of leaves(honest)) {
          expect(
            verify(
              bound,
              statement,
              alter(() => sign * HUGE),
            ),
            path,
          ).toBe(false);
        }
        for (const { path, alter } of leaves(statement)) {
          expect(
            verify(
              bound,
              alter(() => sign * HUGE),
              honest,
            ),
            path,
          ).toBe(false);
        }
      }
      expect(watch.calls()).toBe(0);
      watch.restore();
    });

    test('a statement with 0, 1, N, N² or one more for one of its numbers is rejected', () => {
      for (const { path, value: present, alter } of leaves(statement)) {
        for (const value of [0n, 1n, N, N * N, present + 1n]) {
          if (value === present) continue;
          const other = alter(() => value);
          expect(verify(bound, other, honest), path).toBe(false);
        }
      }
    });
  });
}

const sampledSpans = <T>(spans: readonly T[]): readonly T[] =>
  spans.length > 24
    ? spans.filter((_, at) => at < 6 || at > spans.length - 3 || at === spans.length >> 1)
    : spans;
