/**
 * The coordinator: brings participants together and cannot read what passes between them.
 */
export {
  type AuditExpectation,
  type AuditProblem,
  type AuditVerdict,
  auditVerify,
} from './audit/index.ts';
export {
  KeyFileError,
  type PasswordCost,
  type ServerKeyName,
} from './auth/index.ts';
export { ConfigError } from './config/file.ts';
export { type ConfigSources, loadCoordinatorConfig } from './config/load.ts';
export { serverOptionsOf } from './config/serverOptions.ts';
export { type Endpoint, ServerError, type ServerErrorCode, type ServerOptions } from './options.ts';
export type { CoordinatorServer } from './running.ts';
export { createServer } from './server.ts';
export type { CoordinatorConfig } from './config/settings.ts';
export type { Clock } from './clock.ts';
export { StoreError, type StoreErrorCode } from './store/database.ts';
export type { ConsoleFile, ConsoleFiles } from './web.ts';
