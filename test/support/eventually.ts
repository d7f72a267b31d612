import { vi } from 'vitest';

/** Waits until a condition is true, or an expectation holds, however slow the machine is. */
export async function eventually(holds: () => boolean | void): Promise<void> {
  await vi.waitFor(
    () => {
      if (holds() === false) throw new Error('the condition is still false');
    },
    { timeout: 30_000, interval: 10 },
  );
}
