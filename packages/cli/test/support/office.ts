// A development cluster of real processes, and the command line of the person who asks it.
import { expect } from 'vitest';
import { loginFileOf } from '../../../../test/support/loginFile.ts';
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
  const login = ['--login', loginFileOf(cluster)];
  const done = async (...args: string[]): Promise<Record<string, unknown>> => {
    const ran = await quorate(...args, ...login, '--json');
    expect(ran.exit, `${args.join(' ')}\n${ran.stdout}${ran.stderr}`).toBe(0);
    return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  };
  return { cluster, login, done };
}
