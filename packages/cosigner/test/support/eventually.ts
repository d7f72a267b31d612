import { vi } from 'vitest';

/** Waits until something holds, on however slow a machine. */
export const eventually = (holds: () => void): Promise<void> =>
  vi.waitFor(holds, { timeout: 30_000, interval: 10 });
