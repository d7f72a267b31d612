/** A request over REST, compared by its meaning: naming a default changes nothing. */
import { MessageHash } from '@quorate/wire';
import { z } from 'zod';
import { parsedJson } from '../json.ts';

/** A request over REST. */
export interface Order {
  readonly type: 'keygen' | 'sign' | 'refresh';
  readonly partner: string;
  readonly keySessionId?: string;
  readonly message?: string;
  readonly hash?: MessageHash;
  /** Makes a repetition safe: each caller has its own ids. */
  readonly request?: { readonly caller: string; readonly id: string };
}

/** Hashes a text whose order names no hash. */
export const DEFAULT_HASH: MessageHash = 'eip191';

type Content = Omit<Order, 'request'>;

const keptSchema = z.object({
  type: z.enum(['keygen', 'sign', 'refresh']),
  partner: z.string(),
  keySessionId: z.string().optional(),
  message: z.string().optional(),
  hash: MessageHash.optional(),
});

/** One text for all requests that mean the same. */
export function requestOf({ type, partner, keySessionId, message, hash }: Content): string {
  if (type === 'keygen') return JSON.stringify({ type, partner });
  if (type === 'refresh') return JSON.stringify({ type, partner, keySessionId });
  const by = hash ?? DEFAULT_HASH;
  // The digits are the message then, however they are written.
  const meant = by === 'none' ? message?.replace(/^0x/, '').toLowerCase() : message;
  return JSON.stringify({ type, partner, keySessionId, message: meant, hash: by });
}

/** Whether a request that was kept, in whatever version's form, means the same as this one. */
export function isSameRequest(kept: string, order: Order): boolean {
  const before = keptSchema.safeParse(parsedJson(kept));
  return before.success && requestOf(withoutUndefined(before.data)) === requestOf(order);
}

function withoutUndefined({ type, partner, ...rest }: z.infer<typeof keptSchema>): Content {
  const { keySessionId, message, hash } = rest;
  return {
    type,
    partner,
    ...(keySessionId === undefined ? {} : { keySessionId }),
    ...(message === undefined ? {} : { message }),
    ...(hash === undefined ? {} : { hash }),
  };
}
