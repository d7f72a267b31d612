/**
 * A two-party server: P1 or P2 by its configuration.
 *
 * @module
 */
export { type Cosigner, type CosignerOptions, createCosigner } from './cosigner.ts';
export { loadCosignerConfig, type LoadedConfig, parseCosignerConfig } from './config.ts';
export type { CosignerConfig } from './configShape.ts';
export { CosignerError, SetupError } from './errors.ts';
export { initCosigner, type InitOptions, type InitResult, pinPartner } from './init.ts';
export { importPrimes } from './importPrimes.ts';
export { readIdentity, shownFingerprint } from './partner.ts';
export { type ChipLook, lookAtChip, tryPin, unblockChip, type UnblockWith } from './upkeep.ts';
export {
  audienceOf,
  type Caller,
  makeToken,
  tokenId,
  withdrawnTokens,
  withdrawTokens,
} from './tokens.ts';
