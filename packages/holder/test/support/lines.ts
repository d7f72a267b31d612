import { type LogFields, type Logger } from '../../src/logger.ts';

/** What was logged. */
export interface Lines {
  readonly logger: Logger;
  readonly messages: string[];
  readonly fields: LogFields[];
}

/** A logger that keeps what it is told. */
export function keepLines(): Lines {
  const messages: string[] = [];
  const fields: LogFields[] = [];
  const line = (said: LogFields, message: string): void => {
    fields.push(said);
    messages.push(message);
  };
  return { logger: { debug: line, info: line, warn: line, error: line }, messages, fields };
}
