import { toHex } from '@quorate/intent';
import type { KeyRecord } from '../../src/records/keyRecord.ts';

/** A record of an active key with these holders, of which the first is its owner. */
export function keyRecord(
  chips: readonly Uint8Array[],
  usernames: readonly string[],
  change: Partial<KeyRecord> = {},
): KeyRecord {
  return {
    format: 'quorate-key/v3',
    algorithm: 'ecdsa-secp256k1',
    state: 'active',
    session_key: 'k1',
    address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    public_key: `02${'11'.repeat(32)}`,
    key_id: '22'.repeat(32),
    record_id: '33'.repeat(32),
    epoch: 0,
    threshold: 2,
    total_parts: chips.length,
    part_index: 1,
    holders: chips.map((chip, at) => ({
      part_index: at + 1,
      username: usernames[at]!,
      chip_public_key: toHex(chip),
    })),
    releases: { confirmed: 0, outstanding: 0 },
    bans: [],
    ...change,
  };
}
