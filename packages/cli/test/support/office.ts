// A development cluster of real processes, and the command line of the person who asks it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Cluster, startCluster } from '../../src/index.ts';
import { quorate } from './world.ts';

export interface Office {
  readonly cluster: Cluster;
  /** Options that name the login of the requester. */
  readonly login: readonly string[];
  /** Runs a command that must succeed; gives its result. */
  done(...args: string[]): Promise<Record<string, unknown>>;
}

/** Starts a cluster of so many holders. */
export async function openOffice(parties: number): Promise<Office> {
  const cluster = await startCluster({ parties, port: 0 });
  const [requester] = cluster.users;
  const file = join(cluster.directory, 'requester.login');
  const content = {
    format: 'quorate-login/v1',
    url: cluster.url,
    username: requester?.username,
    roles: ['coordinator'],
    access_token: requester?.token,
    refresh_token: 'none',
    expires_at: Date.now() + 3_600_000,
  };
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  const login = ['--login', file];
  const done = async (...args: string[]): Promise<Record<string, unknown>> => {
    const ran = await quorate(...args, ...login, '--json');
    expect(ran.exit, `${args.join(' ')}\n${ran.stdout}${ran.stderr}`).toBe(0);
    return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  };
  return { cluster, login, done };
}
