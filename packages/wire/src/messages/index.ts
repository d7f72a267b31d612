/** Both directions of the WebSocket: the messages of clients, and those of the server. */
import { z } from 'zod';
import { CEREMONIES, KINDS, type Kind } from '../ceremonies/index.ts';
import {
  ChipAuthorisation,
  ChipChallengeMessage,
  OrphanAuthorisation,
  OrphanNotice,
  OrphanResponse,
  OrphanResult,
} from './chip.ts';
import { ClientAck, Register, RegisterComplete, ServerAck } from './link.ts';
import { ClientRound, RoundProblem, ServerRound } from './round.ts';
import { CancelRequest, CloseRequest, ErrorMessage, SessionState } from './status.ts';

const fromClient = (kind: Kind) => {
  const { request, response, result } = CEREMONIES[kind];
  return [request, response, result];
};

const fromServer = (kind: Kind) => {
  const { invite, params, complete } = CEREMONIES[kind];
  return [invite, params, complete];
};

// Documents list the rounds after the first kind, where they have always been.
const [first, ...others] = KINDS;
const FIRST = first === undefined ? [] : [first];

/** Every message from a client. Unknown types and unknown fields are refused. */
export const ClientMessage = z
  .discriminatedUnion('type', [
    Register,
    ClientAck,
    ...FIRST.flatMap(fromClient),
    ClientRound,
    RoundProblem,
    ...others.flatMap(fromClient),
    CancelRequest,
    CloseRequest,
    ChipChallengeMessage,
    OrphanResponse,
    OrphanResult,
  ])
  .meta({ id: 'ClientMessage' });
export type ClientMessage = z.infer<typeof ClientMessage>;

/** Every message from the server. */
export const ServerMessage = z
  .discriminatedUnion('type', [
    RegisterComplete,
    ServerAck,
    ...FIRST.flatMap(fromServer),
    ServerRound,
    ...others.flatMap(fromServer),
    ChipAuthorisation,
    OrphanNotice,
    OrphanAuthorisation,
    ErrorMessage,
    SessionState,
  ])
  .meta({ id: 'ServerMessage' });
export type ServerMessage = z.infer<typeof ServerMessage>;
