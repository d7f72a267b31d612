import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { importPrimes, loadCosignerConfig } from '@quorate/cosigner';
import { digestOf, fromHex, parsePayload, recoverAddress } from '@quorate/intent';
import type { PrimePair } from '@quorate/tss';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const program = fileURLToPath(new URL('packages/cli/bin/quorate.js', root));
const run = promisify(execFile);
const SIDES = ['enterprise', 'mobile-app'] as const;

/** What the tests read of a session. */
interface Session {
  readonly session_id: string;
  readonly address: string | null;
  readonly digest: string | null;
  readonly signature: string | null;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('the examples of both sides', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-cosigner-e2e-'));
  const ports: Record<string, number> = {};
  const running: ReturnType<typeof spawn>[] = [];
  const fileOf = (side: string): string => join(directory, `${side}.yaml`);
  const quorate = async (...args: string[]): Promise<Session> => {
    const { stdout } = await run(process.execPath, [program, '--json', ...args]);
    const last = stdout.trim().split('\n').at(-1) ?? '';
    return JSON.parse(last) as Session;
  };
  const cosign = (side: string, ...args: string[]): Promise<Session> => {
    const server = ['--url', `http://127.0.0.1:${ports[side]}`];
    return quorate('cosign', ...args, ...server, '--token-file', join(directory, `${side}.token`));
  };

  beforeAll(async () => {
    ports['enterprise'] = await freePort();
    ports['mobile-app'] = await freePort();
    for (const side of SIDES) {
      const example = readFileSync(new URL(`examples/${side}.yaml`, root), 'utf8')
        .replaceAll('8082', String(ports['enterprise']))
        .replaceAll('8083', String(ports['mobile-app']));
      // Primes come from the fixture; making others beside would only take the machine's time.
      writeFileSync(fileOf(side), `${example}primes: { ready: 0 }\n`);
    }
    const roles = ['--name', 'me', '--roles', 'operator,signer,approver,viewer'];
    for (const side of SIDES) {
      await quorate('cosigner', 'init', '--config', fileOf(side));
      const out = ['--out', join(directory, `${side}.token`)];
      await quorate('cosigner', 'token', '--config', fileOf(side), ...roles, ...out);
    }
    await stock();
    for (const side of SIDES) {
      const child = spawn(process.execPath, [
        program,
        '--json',
        'cosigner',
        '--config',
        fileOf(side),
      ]);
      running.push(child);
      await once(createInterface({ input: child.stdout }), 'line');
    }
  });

  afterAll(async () => {
    for (const child of running) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  /** Public test primes, so that nobody waits for new ones. */
  async function stock(): Promise<void> {
    const file = new URL('packages/tss/test/vectors/primes/3072.json', root);
    const { primes } = JSON.parse(readFileSync(file, 'utf8')) as { primes: string[] };
    const pair = (at: number): PrimePair => [BigInt(primes[at] ?? 0), BigInt(primes[at + 1] ?? 0)];
    await importPrimes(loadCosignerConfig(fileOf('enterprise')), [pair(0), pair(2)]);
    await importPrimes(loadCosignerConfig(fileOf('mobile-app')), [pair(4)]);
  }

  /** Approves at the mobile side what comes next. */
  async function approveNext(): Promise<void> {
    for (;;) {
      const look = ['cosign', 'sessions', '--status', 'awaiting_approval'];
      const server = ['--url', `http://127.0.0.1:${ports['mobile-app']}`];
      const token = ['--token-file', join(directory, 'mobile-app.token')];
      const args = [program, '--json', ...look, ...server, ...token];
      const { stdout } = await run(process.execPath, args);
      const { sessions } = JSON.parse(stdout) as { sessions: Session[] };
      const [waiting] = sessions;
      if (waiting === undefined) continue;
      // A signature is approved by the digest that was seen; a key has none.
      const seen = waiting.digest === null ? [] : ['--digest', waiting.digest];
      await cosign('mobile-app', 'approve', waiting.session_id, ...seen);
      return;
    }
  }

  test('make a key of 3072 bits and sign, after a person at the mobile side approved', async () => {
    const [key] = await Promise.all([
      cosign('enterprise', 'keygen', '--partner', 'mobile-app'),
      approveNext(),
    ]);
    const order = ['--partner', 'mobile-app', '--key', key.session_id, '--message', 'pay 5'];
    const [signed] = await Promise.all([cosign('enterprise', 'sign', ...order), approveNext()]);
    const digest = digestOf(parsePayload({ kind: 'eip191', message: 'pay 5' }));
    expect(recoverAddress(digest, fromHex(signed.signature ?? ''))).toBe(key.address);
    const theirs = await cosign('mobile-app', 'sessions', signed.session_id);
    expect(theirs.signature).toBe(signed.signature);
  });

  test('a wrong command ends with its exit code and says what was wrong', async () => {
    const order = ['--partner', 'nobody', '--key', '0'.repeat(32), '--message', 'x'];
    await expect(cosign('enterprise', 'sign', ...order)).rejects.toMatchObject({ code: 2 });
    const config = join(directory, 'wrong.yaml');
    writeFileSync(config, `${readFileSync(fileOf('enterprise'), 'utf8')}aproval: auto\n`);
    await expect(quorate('cosigner', '--config', config)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean approval?') as string,
    });
  });
});
