/**
 * What every chip must do, whatever its host does: the suite speaks only APDU bytes (contract.md §1.6).
 * Any implementation passes it by giving a {@link ChipFactory}.
 */
import { describe } from 'vitest';
import { authorisationTests } from './compliance/authorisation.ts';
import { commandTests } from './compliance/commands.ts';
import { fuzzTests } from './compliance/fuzz.ts';
import { memoryTests } from './compliance/memory.ts';
import { pinTests } from './compliance/pin.ts';
import { powerTests } from './compliance/power.ts';
import type { ChipFactory } from './host.ts';

/** Registers the suite for one implementation. */
export function complianceSuite(name: string, factory: ChipFactory): void {
  describe(`${name}: commands`, () => commandTests(factory));
  describe(`${name}: PIN`, () => pinTests(factory));
  describe(`${name}: authorisation`, () => authorisationTests(factory));
  describe(`${name}: records, challenges and sessions`, () => memoryTests(factory));
  describe(`${name}: power`, () => powerTests(factory));
  describe(`${name}: hostile bytes`, () => fuzzTests(factory));
}
