/** Pages of lists, and how much of them a reader may see. */
import type { ListQuery } from '@quorate/wire';

/** How much the caller may see: everything, or only the keys and sessions of one user. */
export interface Visibility {
  /** Absent: everything. Present: keys and sessions in which this user takes part. */
  readonly onlyOf?: string;
}

/** Where a page of a list starts (exclusive) and how long it may be. */
export type Page = Readonly<ListQuery>;

/** One page and the cursor of the next. */
export interface Paged<T> {
  readonly items: T[];
  readonly next?: string;
}

/** Cuts one page from a list that was read one item beyond it. */
export function pageOf<T>(
  items: readonly T[],
  limit: number,
  cursorOf: (item: T) => string,
): Paged<T> {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  if (items.length <= limit || last === undefined) return { items: page };
  return { items: page, next: cursorOf(last) };
}
