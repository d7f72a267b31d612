// A journal whose state is easy to compare: the last number under each of seven names.
import type { Disk } from '../../src/journal/disk.ts';
import { openJournal } from '../../src/journal/journal.ts';
import type { Journal, JournalNews } from '../../src/journal/journalTypes.ts';
import type { JournalKind, JournalState } from '../../src/journal/readJournal.ts';

/** An entry: the how-manieth it is, with something that takes room. */
export interface Numbered {
  readonly n: number;
  readonly pad: string;
}

export const PATH = '/state/journal';

export const NUMBERED: JournalKind<Numbered> = {
  name: 'test',
  version: 2,
  encode: (entry) => Buffer.from(JSON.stringify(entry)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
};

/** The state of entries; `numbers` compares. */
export class NumberedState implements JournalState<Numbered> {
  readonly byName = new Map<number, Numbered>();

  get last(): number {
    return Math.max(0, ...[...this.byName.values()].map(({ n }) => n));
  }

  get numbers(): number[] {
    return [...this.byName.values()].map(({ n }) => n).toSorted((a, b) => a - b);
  }

  apply(entry: Numbered): void {
    this.byName.set(entry.n % 7, entry);
  }

  snapshot(): Iterable<Numbered> {
    return [...this.byName.values()].toSorted((a, b) => a.n - b.n);
  }
}

/** The numbers in the state after the first `n` entries. */
export function after(n: number): number[] {
  const state = new NumberedState();
  for (let i = 1; i <= n; i += 1) state.apply({ n: i, pad: '' });
  return state.numbers;
}

/** An open journal with its state and its news. */
export interface Opened {
  readonly journal: Journal<Numbered>;
  readonly state: NumberedState;
  readonly news: JournalNews[];
}

/** Opens a journal that is compacted beyond `smallest` bytes. */
export function open(disk: Disk | undefined, smallest = 1024 * 1024, path: string = PATH): Opened {
  const state = new NumberedState();
  const news: JournalNews[] = [];
  const journal = openJournal({
    path,
    kind: NUMBERED,
    state,
    first: () => [],
    tell: (one) => news.push(one),
    disk,
    smallest,
  });
  return { journal, state, news };
}
