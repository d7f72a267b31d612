export { DESTROYED, type DestroyedShard, type Destruction } from './destruction.ts';
export type { AuditEvent } from './event.ts';
export { ADOPTED, rawKeyOf } from './keysInForce.ts';
export { HeadFile } from './headFile.ts';
export { type Audit, type AuditLog, createAudit } from './log.ts';
export { AuditBrokenError, STOPPED } from './signer.ts';
export { Tally } from './tally.ts';
export {
  type AuditExpectation,
  type AuditProblem,
  type AuditVerdict,
  auditVerify,
} from './verify.ts';
