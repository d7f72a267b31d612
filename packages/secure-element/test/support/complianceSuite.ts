/**
 * The duties of every chip, whatever its host does: the suite speaks only APDU bytes (docs/spec/chip.md).
 * Any implementation passes it by giving a {@link ChipFactory}.
 */
import { describe } from 'vitest';
import { authorisationTests } from './compliance/authorisation.ts';
import { commandTests } from './compliance/commands.ts';
import { fuzzTests, pinFuzzTests } from './compliance/fuzz.ts';
import { memoryTests } from './compliance/memory.ts';
import { pinTests, pinTryTests } from './compliance/pin.ts';
import { powerTests } from './compliance/power.ts';
import { noPukTests, unblockTests } from './compliance/unblock.ts';
import type { ChipFactory } from './host.ts';

/** Where implementations differ. */
export interface SuiteOptions {
  /** The part of the random commands that a slow way to the chip can afford, 0 to 1. */
  readonly fuzz?: number;
  /** False for a chip whose PIN and power are another device's, which counts tries in its own way. */
  readonly ownsPin?: boolean;
}

const CARD_TELLS = { wrong: '63c2', all: 3, fewer: 2 };
const TOKEN_TELLS = { wrong: '63ce', all: 0xff, fewer: 0xfe };

/** Registers the suite for one implementation. */
export function complianceSuite(
  name: string,
  factory: ChipFactory,
  { fuzz = 1, ownsPin = true }: SuiteOptions = {},
): void {
  describe(`${name}: commands`, () => commandTests(factory));
  describe(`${name}: PIN`, () => pinTests(factory, ownsPin ? CARD_TELLS : TOKEN_TELLS));
  if (ownsPin) describe(`${name}: PIN tries`, () => pinTryTests(factory));
  describe(`${name}: no PUK`, () => noPukTests(factory, ownsPin));
  if (ownsPin) describe(`${name}: UNBLOCK`, () => unblockTests(factory));
  describe(`${name}: authorisation`, () => authorisationTests(factory));
  describe(`${name}: records, challenges and sessions`, () => memoryTests(factory));
  if (ownsPin) describe(`${name}: power`, () => powerTests(factory));
  describe(`${name}: hostile bytes`, () => fuzzTests(factory, fuzz));
  if (ownsPin) describe(`${name}: hostile PINs`, () => pinFuzzTests(factory, fuzz));
}
