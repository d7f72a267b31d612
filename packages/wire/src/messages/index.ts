/**
 * The two directions of the WebSocket: what a client may send and what the server sends.
 */
import { z } from 'zod';
import {
  ChipAuthorisation,
  ChipChallengeMessage,
  OrphanAuthorisation,
  OrphanNotice,
  OrphanResponse,
  OrphanResult,
} from './chip.ts';
import {
  DestroyComplete,
  DestroyInvite,
  DestroyParams,
  DestroyRequest,
  DestroyResponse,
  DestroyResult,
} from '../ceremonies/destroy.ts';
import {
  KeygenComplete,
  KeygenInvite,
  KeygenParams,
  KeygenRequest,
  KeygenResponse,
  KeygenResult,
} from '../ceremonies/keygen.ts';
import { ClientAck, Register, RegisterComplete, ServerAck } from './link.ts';
import { ClientRound, RoundProblem, ServerRound } from './round.ts';
import {
  SignComplete,
  SignInvite,
  SignParams,
  SignRequest,
  SignResponse,
  SignResult,
} from '../ceremonies/sign.ts';
import { CancelRequest, CloseRequest, ErrorMessage, SessionState } from './status.ts';

/** Every message that a client may send. Unknown types and unknown fields are refused. */
export const ClientMessage = z
  .discriminatedUnion('type', [
    Register,
    ClientAck,
    KeygenRequest,
    KeygenResponse,
    KeygenResult,
    ClientRound,
    RoundProblem,
    SignRequest,
    SignResponse,
    SignResult,
    DestroyRequest,
    DestroyResponse,
    DestroyResult,
    CancelRequest,
    CloseRequest,
    ChipChallengeMessage,
    OrphanResponse,
    OrphanResult,
  ])
  .meta({ id: 'ClientMessage' });
export type ClientMessage = z.infer<typeof ClientMessage>;

/** Every message that the server sends. */
export const ServerMessage = z
  .discriminatedUnion('type', [
    RegisterComplete,
    ServerAck,
    KeygenInvite,
    KeygenParams,
    KeygenComplete,
    ServerRound,
    SignInvite,
    SignParams,
    SignComplete,
    DestroyInvite,
    DestroyParams,
    DestroyComplete,
    ChipAuthorisation,
    OrphanNotice,
    OrphanAuthorisation,
    ErrorMessage,
    SessionState,
  ])
  .meta({ id: 'ServerMessage' });
export type ServerMessage = z.infer<typeof ServerMessage>;
