export { DESTROYED } from './destruction.ts';
export { ADOPTED } from './keysInForce.ts';
export { appendEntry, type Audit, createAudit } from './log.ts';
export { Tally } from './tally.ts';
export {
  type AuditExpectation,
  type AuditProblem,
  type AuditVerdict,
  auditVerify,
} from './verify.ts';
