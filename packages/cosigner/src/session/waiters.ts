/** Callers that wait for the end of a session. */

/** The waiting of one session. */
export class Waiters {
  readonly #wake: (() => void)[] = [];
  #over = false;

  /** Resolves when the session ends, or after that many seconds. */
  async wait(seconds: number): Promise<void> {
    if (this.#over || seconds <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      timer.unref();
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** The session is over. */
  wakeAll(): void {
    this.#over = true;
    for (const wake of this.#wake.splice(0)) wake();
  }
}
