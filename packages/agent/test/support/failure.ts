import { CeremonyError } from '../../src/client/ceremonyError.ts';

/** How a ceremony failed. */
export async function failure(ceremony: Promise<unknown>): Promise<CeremonyError> {
  try {
    await ceremony;
  } catch (error) {
    if (error instanceof CeremonyError) return error;
    throw error;
  }
  throw new Error('expected the ceremony to fail');
}
