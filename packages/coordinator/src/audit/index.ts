export type { Checkpoint } from './checkpoint.ts';
export type { Entry } from './entry.ts';
export { AuditGuardError } from './guard.ts';
export { type Audit, type AuditFilter, type AuditOptions, createAudit } from './log.ts';
export {
  type AuditExpectation,
  type AuditProblem,
  type AuditVerdict,
  auditVerify,
} from './verify.ts';
