import { vi } from 'vitest';

/** Waits until something holds, however slow the machine is. */
export async function eventually(holds: () => boolean): Promise<void> {
  await vi.waitUntil(holds, { timeout: 30_000, interval: 10 });
}
