// Every parser of foreign bytes, given everything: it refuses with the error that it documents, or takes
// what is right; it never fails in another way, and never takes what is hostile.
import { LIMITS } from '@quorate/wire';
import { describe, expect, test, vi } from 'vitest';
import { PARSERS } from './parsers/index.ts';
import {
  alteredTexts,
  alteredValues,
  type Hostile,
  hostileBytes,
  worstTexts,
} from './support/inputs.ts';
import { type Parser, takes } from './support/parsers.ts';

/** UTF-16 units: the details of an error, of characters that are pairs. */
const MOST_NORMALISED = 2 * LIMITS.details;
const seen = new Set<unknown>();

/** Everything that a parser is given, and what it does with it. */
function* attempts(parser: Parser): Generator<Hostile<() => unknown>> {
  const { kind } = parser;
  switch (kind) {
    case 'text':
      for (const each of alteredTexts(parser.valid)) {
        yield { ...each, input: () => parser.parse(each.input) };
      }
      // Frames of all types go the same way: what is no message at all is tried once.
      if (seen.has(parser.parse)) return;
      seen.add(parser.parse);
      for (const each of worstTexts()) yield { ...each, input: () => parser.parse(each.input) };
      return;
    case 'bytes':
      for (const each of hostileBytes(parser.valid)) {
        yield { ...each, input: () => parser.parse(each.input) };
      }
      return;
    case 'value':
      for (const each of alteredValues(parser.valid)) {
        yield { ...each, input: () => parser.parse(each.input) };
      }
  }
}

describe('X-1, W-4: the parser', () => {
  test.each(PARSERS)('$name takes what is right', async (parser) => {
    if (parser.kind === 'bytes' && parser.valid === null) return;
    const valid = parser.valid as never;
    expect(await takes(parser, () => parser.parse(valid))).toBe(true);
  });

  test.each(PARSERS)('$name refuses everything else as it documents', async (parser) => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    for (const { name, input, refuse } of attempts(parser)) {
      const taken = await takes(parser, input).catch((error: unknown) => {
        throw new Error(`${name}: another error than documented`, { cause: error });
      });
      if (refuse && parser.mayTake?.test(name) !== true) expect(taken, name).toBe(false);
    }
    const long = normalize.mock.contexts.find((text) => String(text).length > MOST_NORMALISED);
    normalize.mockRestore();
    expect(long).toBe(undefined);
  });
});
