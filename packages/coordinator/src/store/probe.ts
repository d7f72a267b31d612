/** Tests whether the store takes a write by writing: a full disk still answers every read. */
import type { Clock } from '../clock.ts';
import { type Database, isStoreUnavailable, type Tx } from './database.ts';

/** How long an answer holds; questions within this time get the same answer. */
const HOLDS_MS = 5000;

/** As large as a few messages: room for one byte proves nothing. */
const FILLER_BYTES = 16_384;

/** The table of the probe: one row, which each probe replaces. */
export const probe: string[] = [
  `CREATE TABLE store_probes (
    number INTEGER PRIMARY KEY,
    filler BLOB NOT NULL
  )`,
];

/** A store that has not answered for so long counts as stuck. */
const ANSWER_MS = 5000;

/** Tries the store. */
export class StoreProbe {
  readonly #database: Database;
  readonly #clock: Clock;
  /** The question that the store has not answered yet. */
  #open: { readonly at: number; readonly answer: Promise<string | undefined> } | undefined;
  #took = 0;
  #asked: { readonly at: number; readonly answer: Promise<string | undefined> } | undefined;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Returns what is wrong with the store; undefined if it answers and took a row. */
  problem(): Promise<string | undefined> {
    const open = (this.#open ??= this.#ask());
    return new Promise((resolve) => {
      const left = open.at + ANSWER_MS - this.#clock.elapsed();
      const cancel = this.#clock.after(left, () => resolve(STANDS_STILL));
      void open.answer.then((problem) => {
        cancel();
        resolve(problem);
      });
    });
  }

  /** How long the last answer took or, while one is pending, how long it has been pending. Milliseconds. */
  get delay(): number {
    const open = this.#open;
    return Math.round(open === undefined ? this.#took : this.#clock.elapsed() - open.at);
  }

  /** Asks one question at a time, however many callers there are: later ones would wait for the same answer. */
  #ask(): { readonly at: number; readonly answer: Promise<string | undefined> } {
    const at = this.#clock.elapsed();
    const answer = this.#try().finally(() => {
      this.#open = undefined;
      this.#took = this.#clock.elapsed() - at;
    });
    return { at, answer };
  }

  async #try(): Promise<string | undefined> {
    const reads = this.#database.read((tx) => tx.get('SELECT 1 AS one', []));
    return (await problemOf(reads, 'cannot be read')) ?? this.#writes();
  }

  #writes(): Promise<string | undefined> {
    const at = this.#clock.elapsed();
    if (this.#asked === undefined || at - this.#asked.at >= HOLDS_MS) {
      const answer = problemOf(this.#database.transaction(write), 'takes no write');
      this.#asked = { at, answer };
    }
    return this.#asked.answer;
  }
}

const STANDS_STILL = `the store has not answered for ${ANSWER_MS / 1000} s`;

/** Words a problem without the name of the file, because anybody may ask. */
async function problemOf(work: Promise<unknown>, what: string): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const cause: unknown = isStoreUnavailable(error) ? error.cause : error;
    return `the store ${what}: ${cause instanceof Error ? cause.message : 'unknown'}`;
  }
}

/** Inserts the new row first: the space of the old row proves nothing. */
async function write(tx: Tx): Promise<void> {
  const last = await tx.get<{ number: number | null }>(
    'SELECT MAX(number) AS number FROM store_probes',
    [],
  );
  const number = (last?.number ?? 0) + 1;
  await tx.run('INSERT INTO store_probes (number, filler) VALUES (?, ?)', [
    number,
    new Uint8Array(FILLER_BYTES),
  ]);
  await tx.run('DELETE FROM store_probes WHERE number < ?', [number]);
}
