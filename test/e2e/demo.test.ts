// `quorate demo --once --json`, judged by other libraries.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { Transaction } from 'micro-eth-signer';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { addressOfKey } from './support/check.ts';
import { QUORATE, run } from './support/processes.ts';

let ran: Awaited<ReturnType<typeof run>>;
let demo: Record<string, unknown>;

beforeAll(async () => {
  ran = await run(process.execPath, [QUORATE, 'demo', '--once', '--json']);
  demo = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
});

describe('the demo', () => {
  test('ends with 0 and one line of JSON, everything else is on stderr', () => {
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout.trim().split('\n')).toHaveLength(1);
    expect(Object.keys(demo).toSorted()).toEqual([
      'address',
      'digest',
      'public_key',
      'signature',
      'signers',
      'threshold',
      'timings_ms',
      'total_parts',
      'transaction',
    ]);
    expect(ran.stderr).toContain('running the protocol');
    expect(ran.stderr).not.toContain('\u001b');
  });

  test('made a 3-of-5 key whose address belongs to its public key', () => {
    expect([demo['threshold'], demo['total_parts']]).toEqual([3, 5]);
    expect(demo['signers']).toHaveLength(3);
    expect(addressOfKey(String(demo['public_key']))).toBe(demo['address']);
  });

  test('signed a transaction that another library attributes to that address', () => {
    const signed = Transaction.fromHex(String(demo['transaction']), false);
    expect(signed.recoverSender().address).toBe(demo['address']);
    const { r = 0n, s = 0n } = signed.raw;
    const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
    expect(String(demo['signature']).slice(2, 130)).toBe(`${hex(r)}${hex(s)}`);
  });

  test('Ctrl-C in the middle of the protocol ends it with 130 and nothing is left', async () => {
    const temporary = temporaryDirectory();
    const env = { ...process.env, TMPDIR: temporary };
    const child = spawn(process.execPath, [QUORATE, 'demo'], { env });
    const ended = once(child, 'close');
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`ended before it was interrupted: ${said}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
        if (said.includes('running the protocol')) resolve();
      });
    });
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });

  test('says how long each stage took', () => {
    const stages = ['keygen', 'sign', 'start', 'total', 'verify'];
    expect(Object.keys(demo['timings_ms'] as object).toSorted()).toEqual(stages);
  });
});
