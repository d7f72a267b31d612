/** Work on one thing at a time, by name. */

/** Runs work one after another for each name. */
export type Exclusive = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Makes a set of mutexes; a name that nobody uses takes no memory. */
export function createMutexes(): Exclusive {
  const tails = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const result = (tails.get(name) ?? Promise.resolve()).then(work, work);
    const tail = result
      .catch(() => undefined)
      .then(() => {
        if (tails.get(name) === tail) tails.delete(name);
      });
    tails.set(name, tail);
    return result;
  };
}
