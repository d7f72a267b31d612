/** No, and why. */
import type { CosignerCode } from '@quorate/wire';

/** Why something is not to be. */
export interface Refusal {
  readonly code: CosignerCode;
  readonly reason: string;
}
