export { DESTROYED } from './destruction.ts';
export { ADOPTED, rawKeyOf } from './keysInForce.ts';
export { HeadFile } from './headFile.ts';
export { type Audit, createAudit } from './log.ts';
export { AuditBrokenError, STOPPED } from './signer.ts';
export { Tally } from './tally.ts';
export {
  type AuditExpectation,
  type AuditProblem,
  type AuditVerdict,
  auditVerify,
} from './verify.ts';
