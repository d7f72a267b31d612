/**
 * Turns an order into a request that the coordinator can read.
 */
import { describeIssues, type Kind, type RequestOf, schemaFor } from '@quorate/wire';
import { AgentError } from '../errors.ts';
import { CLIENT_CEREMONIES } from './ceremonies/index.ts';
import type { OrderOf } from './ceremonies/shape.ts';

/**
 * Checks an order before anything is sent: the coordinator could not say which session it refuses.
 * @throws AgentError `session/refused`
 */
export function requestOf<K extends Kind>(kind: K, order: OrderOf<K>): RequestOf<K> {
  const request = schemaFor(kind, 'request').safeParse({ type: `${kind}_request`, ...order });
  if (!request.success) {
    const message = `the request is not valid: ${describeIssues(request.error)}`;
    throw new AgentError('session/refused', message);
  }
  CLIENT_CEREMONIES[kind].check?.(order);
  return request.data;
}
