import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transaction } from 'micro-eth-signer';
import { beforeAll, describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { quorate } from './support/world.ts';

const PRIVATE_KEY = '0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318';
/** Keccak-256 of the unsigned transaction, computed once by another library. */
const digest = '0x16ce7f72d83f7b9578199f830a4d8319b0d841d7d4c8e9814fc4dc327e9899ad';
const ADDRESS = '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23';

let directory = '';
let file = '';

beforeAll(() => {
  directory = temporaryDirectory();
  file = join(directory, 'payment.json');
  writeFileSync(
    file,
    JSON.stringify({
      kind: 'eip1559',
      transaction: {
        chain_id: 1,
        nonce: 7,
        max_priority_fee_per_gas: '1000000000',
        max_fee_per_gas: '30000000000',
        gas_limit: 21_000,
        to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
        value: '1000000000000000000',
        data: '0x',
      },
    }),
  );
});

/** The same transaction signed by another library. */
function signedElsewhere() {
  const transaction = Transaction.prepare({
    type: 'eip1559',
    chainId: 1n,
    nonce: 7n,
    maxPriorityFeePerGas: 1_000_000_000n,
    maxFeePerGas: 30_000_000_000n,
    gasLimit: 21_000n,
    to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    value: 10n ** 18n,
    data: '0x',
  }).signBy(PRIVATE_KEY, false);
  const { r = 0n, s = 0n, yParity = 0 } = transaction.raw;
  const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
  return {
    raw: transaction.toHex(),
    signature: `0x${hex(r)}${hex(s)}${yParity === 0 ? '1b' : '1c'}`,
  };
}

const verify = (signature: string, ...more: string[]) =>
  quorate('verify', '--json', '--signature', signature, ...more);

describe('verify', () => {
  test('a transaction that another library signed is valid and serialises to the same bytes', async () => {
    const { raw, signature } = signedElsewhere();
    const ran = await verify(signature, '--address', ADDRESS, '--transaction', file);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      event: 'result',
      valid: true,
      address: ADDRESS,
      raw_transaction: raw,
    });
  });

  test('a transaction may come through a pipe', async () => {
    const { signature } = signedElsewhere();
    const pipe = makePipe();
    spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', file, pipe], { stdio: 'ignore' });
    const ran = await verify(signature, '--address', ADDRESS, '--transaction', pipe);
    expect(ran.exit, ran.stderr).toBe(0);
  });

  test('the digest alone will do, in any case of the address', async () => {
    const { signature } = signedElsewhere();
    const ran = await verify(signature, '--address', ADDRESS.toLowerCase(), '--digest', digest);
    expect(ran.exit, ran.stderr).toBe(0);
  });

  test('another address, digest or signature ends with 6', async () => {
    const { signature } = signedElsewhere();
    const other = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
    const flipped = `${signature.slice(0, -2)}${signature.endsWith('1b') ? '1c' : '1b'}`;
    const cases = [
      [signature, '--address', other, '--digest', digest],
      [signature, '--address', ADDRESS, '--digest', `0x${'11'.repeat(32)}`],
      [flipped, '--address', ADDRESS, '--digest', digest],
      [`${signature.slice(0, -2)}00`, '--address', ADDRESS, '--digest', digest],
    ] as const;
    for (const [value, ...more] of cases) expect((await verify(value, ...more)).exit).toBe(6);
  });

  test('both or neither of digest and transaction end with 2', async () => {
    const { signature } = signedElsewhere();
    const both = ['--address', ADDRESS, '--digest', digest, '--transaction', file];
    expect((await verify(signature, ...both)).exit).toBe(2);
    expect((await verify(signature, '--address', ADDRESS)).exit).toBe(2);
  });

  test.each(['0x12', 'zz', `0x${'0'.repeat(131)}`])(
    'a malformed signature ends with 2 (%s)',
    async (text) => {
      const ran = await verify(text, '--address', ADDRESS, '--digest', `0x${'11'.repeat(32)}`);
      expect(ran.exit).toBe(2);
    },
  );
});
