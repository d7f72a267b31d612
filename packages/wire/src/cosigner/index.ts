/** The wire of the two-party server: peer messages, REST, codes. */
export { COSIGNER_CODES, type CosignerCode, isCosignerCode } from './codes.ts';
export {
  MessageHash,
  PEER_LIMITS,
  PEER_TYPES,
  PeerAbort,
  PeerAck,
  PeerEnvelope,
  PeerHello,
  PeerInit,
  PeerSync,
  type PeerType,
  TwoPartySessionId,
} from './envelope.ts';
export { cosignerOpenapi } from './openapi.ts';
export {
  ApproveRequest,
  CosignerHealth,
  CosignerRole,
  DeclineRequest,
  RetireRequest,
  type Step,
  STEPS,
  TwoPartyKey,
  TwoPartyKeygenRequest,
  TwoPartyKeyList,
  TwoPartyRefreshRequest,
  TwoPartySession,
  TwoPartySessionList,
  TwoPartySessionQuery,
  TwoPartySignRequest,
  TwoPartyStatus,
  TwoPartyType,
} from './rest.ts';
export {
  type CosignerRoute,
  type CosignerRoutes,
  COSIGNER_ROUTES,
  cosignerCodesOf,
} from './routes.ts';
