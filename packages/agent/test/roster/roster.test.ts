import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chipFingerprint, shortFingerprint, signRoster, toHex } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import { rosterPublicKey } from '../support/rosterKey.ts';
import { emptyPins, openPins, type Pins } from '../../src/roster/pins.ts';
import { applyPins } from '../../src/records/state.ts';
import { openKeys } from '../support/openKeys.ts';
import { chipPublicKey } from '../support/chipKeys.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { keyRecord } from '../support/keyRecord.ts';

const secret = new Uint8Array(randomBytes(32));
const alice = chipPublicKey();
const bob = chipPublicKey();

function rosterFile(
  serial: number,
  chips: Record<string, Uint8Array>,
  key: Uint8Array = secret,
): string {
  const entries = Object.entries(chips).map(([username, chip]) => ({
    username,
    chipPublicKey: chip,
  }));
  return JSON.stringify(signRoster({ serial, issuedAt: 1, entries }, key));
}

function pinned(): { pins: Pins; path: string } {
  const path = join(temporaryDirectory(), 'pins.json');
  writeFileSync(path, emptyPins(rosterPublicKey(secret)));
  return { pins: openPins(path), path };
}

describe('roster', () => {
  test('is in force after the import and after a restart', () => {
    const { pins, path } = pinned();
    const changes = pins.importRoster(rosterFile(1, { alice, bob }));
    expect(changes).toHaveLength(2);
    expect(changes[0]).toMatchObject({ username: 'alice', change: 'added', before: null });
    const reopened = openPins(path);
    expect(reopened.serial).toBe(1);
    expect(toHex(reopened.find('bob')!)).toBe(toHex(bob));
    expect(reopened.find('carol')).toBeUndefined();
  });

  test('R-15: a roster signed by another key is refused and changes nothing', () => {
    const { pins, path } = pinned();
    pins.importRoster(rosterFile(1, { alice }));
    const before = readFileSync(path, 'utf8');
    const forged = rosterFile(2, { alice: bob }, new Uint8Array(randomBytes(32)));
    expect(() => pins.importRoster(forged)).toThrow(/pinned key/);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('R-15: a roster with the same or an older serial is refused', () => {
    const { pins } = pinned();
    pins.importRoster(rosterFile(5, { alice }));
    expect(() => pins.importRoster(rosterFile(4, { alice: bob }))).toThrow(/serial/);
    expect(() => pins.importRoster(rosterFile(5, { alice: bob }))).toThrow(/serial/);
    expect(toHex(pins.find('alice')!)).toBe(toHex(alice));
  });

  test('R-15: a changed fingerprint is accepted from a higher serial, and shown', () => {
    const { pins } = pinned();
    pins.importRoster(rosterFile(1, { alice, bob }));
    const newer = rosterFile(2, { alice: chipPublicKey() });
    const { changes } = pins.preview(newer);
    expect(changes.map(({ username, change }) => [username, change])).toEqual([
      ['alice', 'changed'],
      ['bob', 'removed'],
    ]);
    expect(changes[0]?.before).toBe(shortFingerprint(chipFingerprint(alice)));
    expect(toHex(pins.find('alice')!)).toBe(toHex(alice));
    pins.importRoster(newer);
    expect(toHex(pins.find('alice')!)).not.toBe(toHex(alice));
  });

  test('R-15: key pins follow a new roster, also when the process died before they were written', () => {
    const { pins } = pinned();
    const { keys } = openKeys(temporaryDirectory());
    keys.add(keyRecord([alice, bob], ['alice', 'bob']));
    pins.importRoster(rosterFile(1, { alice, bob }));
    const replacement = chipPublicKey();
    pins.importRoster(rosterFile(2, { alice, bob: replacement }));
    applyPins(keys, pins);
    expect(keys.list()[0]?.holders[1]?.chip_public_key).toBe(toHex(replacement));
  });

  test('without a pinned roster key no roster is accepted', () => {
    const path = join(temporaryDirectory(), 'pins.json');
    writeFileSync(path, emptyPins(null));
    expect(() => openPins(path).importRoster(rosterFile(1, { alice }))).toThrow(/pinned/);
  });

  test('a person pins a chip by comparing its short fingerprint', () => {
    const { pins, path } = pinned();
    const short = shortFingerprint(chipFingerprint(bob));
    expect(() => pins.confirm('bob', bob, shortFingerprint(chipFingerprint(alice)))).toThrow(
      expect.objectContaining({ code: 'roster/fingerprint' }),
    );
    expect(pins.find('bob')).toBeUndefined();
    pins.confirm('bob', bob, short.replaceAll('-', ' ').toUpperCase());
    expect(toHex(openPins(path).find('bob')!)).toBe(toHex(bob));
  });

  test('R-15: whoever a roster has named and dropped is not known by an older confirmation', () => {
    const { pins, path } = pinned();
    pins.confirm('bob', bob, shortFingerprint(chipFingerprint(bob)));
    pins.importRoster(rosterFile(1, { alice, bob }));
    pins.importRoster(rosterFile(2, { alice }));
    expect(pins.find('bob')).toBeUndefined();
    expect(openPins(path).find('bob')).toBeUndefined();
  });

  test('R-15: a confirmation cannot replace a pinned chip', () => {
    const { pins } = pinned();
    pins.importRoster(rosterFile(1, { alice }));
    expect(() => pins.confirm('alice', bob, shortFingerprint(chipFingerprint(bob)))).toThrow(
      /serial/,
    );
  });

  test('R-15: a pins file edited after the import is refused at the next start', () => {
    const { pins, path } = pinned();
    pins.importRoster(rosterFile(1, { alice }));
    writeFileSync(path, readFileSync(path, 'utf8').replace(toHex(alice), toHex(bob)));
    expect(() => openPins(path)).toThrow(/pins file/);
  });
});
