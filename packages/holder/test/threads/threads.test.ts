import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Lost } from '../../src/threads/control.ts';
import { canServe, stuckThreads } from '../../src/threads/health.ts';
import { ThreadPool } from '../../src/threads/pool.ts';
import { Pulse, turnOf } from '../../src/threads/pulse.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { keepLines } from '../support/lines.ts';

type Order =
  | { readonly order: 'echo'; readonly id: string; readonly text: string }
  | { readonly order: 'pipe'; readonly path: string }
  | { readonly order: 'wait' | 'die' };
type Event = { readonly event: 'echo'; readonly id: string; readonly text: string };

const TROUBLED = new URL('../support/troubledThread.mjs', import.meta.url);

/** Threads that are given up after half a second. */
function troubled(size = 1, entry = TROUBLED) {
  const lines = keepLines();
  let lost = 0;
  const pool = new ThreadPool<Order, Event>({
    size,
    entry,
    logger: lines.logger,
    timeoutMs: 500,
    onLost: () => {
      lost += 1;
    },
  });
  onTestFinished(() => pool.close());
  return { pool, lines, lost: () => lost };
}

/** A session of which everything that it hears is kept. */
function session(pool: ThreadPool<Order, Event>, id: string, affinity: string | null = null) {
  const heard: (Event | Lost)[] = [];
  let arrived: (event: Event | Lost) => void = () => undefined;
  const next = (): Promise<Event | Lost> =>
    new Promise((resolve) => {
      arrived = resolve;
    });
  const line = pool.open(id, affinity, (event) => {
    heard.push(event);
    arrived(event);
  });
  const echo = async (text: string): Promise<Event | Lost> => {
    const answer = next();
    line.post({ order: 'echo', id, text });
    return answer;
  };
  return { line, heard, next, echo };
}

describe('a pulse', () => {
  test('X-3: asks once in a silence, and calls a thread silent only when it was asked for its whole time', () => {
    const pulse = new Pulse(500);
    const turns = Math.ceil(500 / turnOf(500));
    const looks = Array.from({ length: turns + 3 }, () => pulse.look());
    expect(looks).toEqual(['ask', ...Array(turns).fill('waiting'), 'silent', 'silent']);
  });

  test('any sign of life begins the time anew', () => {
    const pulse = new Pulse(500);
    for (let look = 0; look < 100; look += 1) {
      if (look % 5 === 0) Atomics.add(pulse.shared, 0, 1);
      expect(pulse.look()).not.toBe('silent');
    }
    expect(pulse.isLate).toBe(true);
    Atomics.add(pulse.shared, 0, 1);
    expect(pulse.isLate).toBe(false);
    expect(pulse.look()).toBe('ask');
  });
});

describe('a thread that stands still', () => {
  test('X-3: is given up: its sessions hear of it, others do not, and the next one has a new thread', async () => {
    const { pool, lines, lost } = troubled(2);
    const bad = session(pool, 'bad');
    const good = session(pool, 'good');
    await bad.echo('up');
    await good.echo('up');
    const end = bad.next();
    bad.line.post({ order: 'wait' });
    expect(await end).toEqual({
      event: 'lost',
      id: 'bad',
      message: 'the protocol thread did not answer',
      ending: false,
    });
    expect(lost()).toBe(1);
    expect(await good.echo('still here')).toMatchObject({ text: 'still here' });
    expect(await session(pool, 'next').echo('hello')).toMatchObject({ text: 'hello' });
    expect(pool.health.map(({ restarts }) => restarts)).toEqual([1, 0]);
    expect(canServe(pool.health)).toBe(true);
    expect(lines.messages).toContain('the protocol thread stands still and is given up');
  });

  test('X-3: in native code, where nothing ends it, it stays in the table, and the work goes on without it', async () => {
    const path = join(temporaryDirectory(), 'pipe');
    execFileSync('mkfifo', [path]);
    const { pool, lines } = troubled();
    const bad = session(pool, 'bad');
    await bad.echo('up');
    const end = bad.next();
    bad.line.post({ order: 'pipe', path });
    expect(await end).toMatchObject({ event: 'lost' });
    expect(await session(pool, 'next').echo('hello')).toMatchObject({ text: 'hello' });
    await expect.poll(() => pool.health).toMatchObject([{ state: 'ready', restarts: 1, stuck: 1 }]);
    expect(stuckThreads(pool.health)).toBe(1);
    // Let go of, it ends, and leaves the table.
    const writer = createWriteStream(path);
    await once(writer, 'open');
    writer.end();
    await expect.poll(() => stuckThreads(pool.health)).toBe(0);
    expect(lines.messages).toContain('the protocol thread that stood still has ended');
  });

  test('rejects whoever waits for its certificate, and ends what waits for its end', async () => {
    const { pool } = troubled();
    const bad = session(pool, 'bad');
    await bad.echo('up');
    bad.line.post({ order: 'wait' });
    const prepared = bad.line.prepare();
    const ended = session(pool, 'ending');
    const confirmed = ended.line.end();
    await expect(prepared).rejects.toMatchObject({ code: 'thread_stopped' });
    await confirmed;
    expect(ended.heard).toMatchObject([{ event: 'lost', ending: true }]);
  });

  test('does not keep a pool from closing', async () => {
    const { pool } = troubled();
    const bad = session(pool, 'bad');
    await bad.echo('up');
    bad.line.post({ order: 'wait' });
    await pool.close();
    expect(bad.heard.at(-1)).toMatchObject({ event: 'lost', ending: true });
  });

  test('an idle thread is asked and stays', async () => {
    const { pool, lost } = troubled();
    const idle = session(pool, 'idle');
    await idle.echo('up');
    const other = session(pool, 'other');
    // Another pool is given up meanwhile: twice the time that this one would have.
    for (const _ of [1, 2]) {
      const { pool: lame } = troubled();
      const bad = session(lame, 'bad');
      const end = bad.next();
      bad.line.post({ order: 'wait' });
      await end;
    }
    expect(await other.echo('there')).toMatchObject({ text: 'there' });
    expect(lost()).toBe(0);
    await expect.poll(() => pool.health).toMatchObject([{ state: 'ready', restarts: 0 }]);
  });
});

describe('a thread that dies', () => {
  test('is replaced at once; again in a row, only after a pause, and until then nothing is opened there', async () => {
    const { pool, lines } = troubled();
    for (const id of ['first', 'second']) {
      const bad = session(pool, id);
      await bad.echo('up');
      const end = bad.next();
      bad.line.post({ order: 'die' });
      expect(await end).toMatchObject({ message: 'the protocol thread failed' });
    }
    expect(pool.health).toMatchObject([{ state: 'stopped', restarts: 2 }]);
    expect(canServe(pool.health)).toBe(false);
    expect(() => session(pool, 'third', 'key')).toThrow(
      expect.objectContaining({ code: 'thread_stopped' }),
    );
    expect(lines.messages).toContain('the protocol thread is started again later');
    await expect.poll(() => pool.health[0]?.state, { timeout: 30_000 }).toBe('ready');
  });

  test('before it ever came up is not started again', async () => {
    const { pool, lines } = troubled(1, new URL('../support/missing.mjs', import.meta.url));
    const heard = session(pool, 'early');
    expect(await heard.next()).toMatchObject({ event: 'lost' });
    expect(pool.health).toMatchObject([{ state: 'stopped', restarts: 0 }]);
    expect(lines.messages).toContain('the protocol thread does not start');
  });
});

test('X-3: a pool that closes while its threads are in native code does not take the process with it', () => {
  const program = new URL('../support/stopBusy.mjs', import.meta.url).pathname;
  const ran = spawnSync(process.execPath, [program, '10'], { encoding: 'utf8' });
  expect([ran.status, ran.signal, ran.stdout]).toEqual([0, null, 'closed\n']);
});
