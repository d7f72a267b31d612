// Two cosigners of this process, made and asked by the command line.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cosigner, createCosigner, importPrimes, loadCosignerConfig } from '@quorate/cosigner';
import { fixturePairs } from '../../../../test/support/fixturePrimes.ts';
import { configurationOf, type Side } from '../../../cosigner/test/support/configuration.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { quorate, type Ran } from './world.ts';

/** The two names. */
export const SIDES: readonly Side[] = ['enterprise', 'mobile-app'];

/** The last line of stdout, parsed. */
export function lastOf({ stdout }: Ran): Record<string, unknown> {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** A directory with the configurations of both sides. */
export class Cosigners {
  readonly directory = temporaryDirectory();
  readonly #running = new Map<Side, Cosigner>();
  readonly #urls = new Map<Side, string>();

  constructor() {
    for (const side of SIDES) this.configure(side);
  }

  /** A file of the directory. */
  at(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Writes the configuration of one side. */
  configure(side: Side, settings: object = {}): string {
    const file = this.at(`${side}.yaml`);
    const approval = side === 'enterprise' ? 'auto' : 'prompt';
    const config = { ...configurationOf(side), approval, ...settings };
    writeFileSync(file, JSON.stringify(config, null, 1));
    return file;
  }

  /** Seals public test primes for a key and its refresh into both stores. */
  async stock(): Promise<void> {
    const pairs = fixturePairs(2048);
    await importPrimes(loadCosignerConfig(this.at('enterprise.yaml')), pairs.slice(0, 4));
    await importPrimes(loadCosignerConfig(this.at('mobile-app.yaml')), pairs.slice(4, 6));
  }

  /** Starts both, and waits until they know each other. */
  async start(): Promise<void> {
    const url = await this.#start('enterprise');
    this.configure('mobile-app', { peer: `${url.replace('http', 'ws')}/peer` });
    await this.#start('mobile-app');
    const ready = await quorate('health', '--url', url, '--wait', '60');
    if (ready.exit !== 0) throw new Error(ready.stderr);
  }

  async #start(side: Side): Promise<string> {
    const cosigner = await createCosigner(loadCosignerConfig(this.at(`${side}.yaml`)));
    this.#running.set(side, cosigner);
    const url = await cosigner.listen();
    this.#urls.set(side, url);
    return url;
  }

  /** The options that name a server and a token. */
  server(side: Side, token: string = side): string[] {
    return ['--url', this.#urls.get(side) ?? '', '--token-file', this.at(`${token}.token`)];
  }

  /** Asks one side. */
  cosign(side: Side, ...args: string[]): Promise<Ran> {
    return quorate('cosign', ...args, ...this.server(side));
  }

  /** Approves at the mobile side what comes next, and gives the session as it was seen. */
  async approveNext(): Promise<Record<string, unknown>> {
    const waiting = await this.waiting();
    const { session_id: id, digest } = waiting;
    const seen = typeof digest === 'string' ? ['--digest', digest] : [];
    const approved = await this.cosign('mobile-app', 'approve', String(id), ...seen);
    if (approved.exit !== 0) throw new Error(approved.stderr);
    return waiting;
  }

  /** The sessions that wait for a decision at the mobile side. */
  async waiting(): Promise<Record<string, unknown>> {
    const look = ['sessions', '--status', 'awaiting_approval', '--wait', '60', '--json'];
    const ran = await this.cosign('mobile-app', ...look);
    const [first] = (lastOf(ran)['sessions'] ?? []) as Record<string, unknown>[];
    if (first === undefined) throw new Error(`nothing waits: ${ran.stderr}`);
    return first;
  }

  /** Stops one side. */
  async stop(side: Side): Promise<void> {
    await this.#running.get(side)?.close();
    this.#running.delete(side);
  }

  async close(): Promise<void> {
    for (const side of SIDES) await this.stop(side);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
