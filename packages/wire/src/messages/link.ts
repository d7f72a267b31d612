/**
 * Registration and delivery (docs/spec/wire.md §2, §3).
 */
import { z } from 'zod';
import { Code, Sequence, Stream, text, Username } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { matching } from '../strings.ts';
import { EXPECTED } from '../expectations.ts';

/** Names one of a coordinator user's clients; a participant has only one, whatever it says. */
const ClientId = matching(/^[A-Za-z0-9._:-]{1,64}$/, LIMITS.clientId, EXPECTED.clientId).meta({
  description: 'chosen by the client, the same on all its connections',
});

/** The first frame of every connection, and again with a fresh token before the old one expires. */
export const Register = z
  .strictObject({
    type: z.literal('register'),
    username: Username,
    role: z.enum(['coordinator', 'participant']),
    token: matching(/^[A-Za-z0-9_.=-]+$/, LIMITS.token, EXPECTED.token),
    client_id: ClientId.optional(),
    last_seq: z.int().min(0).optional(),
    stream: Stream.optional(),
    batch: z.boolean().optional(),
    progress: z.boolean().optional(),
  })
  .meta({ id: 'Register', description: 'identifies the client; must be the first frame' });
export type Register = z.infer<typeof Register>;

/** Answer to `register`; on failure the socket closes with 4401. */
export const RegisterComplete = z
  .strictObject({
    type: z.literal('register_complete'),
    success: z.boolean(),
    message: text(),
    code: Code.optional(),
    stream: Stream.optional(),
    resumed: z.int().min(0).optional(),
    last_cseq: z.int().min(0).optional(),
  })
  .meta({ id: 'RegisterComplete', description: 'answer to register' });
export type RegisterComplete = z.infer<typeof RegisterComplete>;

/** The client has processed every message up to `seq`. */
export const ClientAck = z
  .strictObject({ type: z.literal('ack'), seq: Sequence })
  .meta({ id: 'ClientAck', description: 'everything up to seq is processed' });
export type ClientAck = z.infer<typeof ClientAck>;

/** The server has stored every message up to `cseq`. */
export const ServerAck = z
  .strictObject({ type: z.literal('ack'), cseq: Sequence })
  .meta({ id: 'ServerAck', description: 'everything up to cseq is stored' });
export type ServerAck = z.infer<typeof ServerAck>;
