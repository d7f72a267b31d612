/** The options of a connection. */
import type { ConnectionService } from './connectionService.ts';
import type { MessageRates } from './pressure.ts';
import type { Transport } from './frameWriter.ts';

/** Logs for a connection; never a token or a body. */
export interface ConnectionLogger {
  debug(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Options of a connection. */
export interface ConnectionOptions {
  readonly service: ConnectionService;
  readonly transport: Transport;
  readonly remote: string;
  readonly logger: ConnectionLogger;
  /** Milliseconds within which it has to register. */
  readonly registerTimeout: number;
  readonly rates?: MessageRates;
  /** Called once it has presented a valid registration. */
  readonly onRegistered?: () => void;
}
