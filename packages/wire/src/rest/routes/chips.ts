/** Routes of the chip registry. */
import { z } from 'zod';
import { ChipId } from '../../fields.ts';
import {
  AuthorisationKeyAnswer,
  ChipAnswer,
  ChipChallengeAnswer,
  ChipChallengeRequest,
  ChipList,
  ChipPatch,
  ChipRegistration,
  ChipUnblockAnswer,
  ChipUnblockRequest,
} from '../chips.ts';
import { ListQuery } from '../common.ts';
import { EVERYBODY, ADMIN, type RouteTable } from './route.ts';

const ofChip = z.strictObject({ se_id: ChipId });

/** Routes of the chip registry, and of the key that chips are personalised with. */
export const CHIP_ROUTES = {
  'GET /api/v1/authorisation-key': {
    roles: EVERYBODY,
    summary: 'the key that chips are personalised with',
    answer: AuthorisationKeyAnswer,
  },
  'POST /api/v1/chips/challenge': {
    roles: ['admin', 'participant'],
    summary: 'a nonce for a chip to sign',
    body: ChipChallengeRequest,
    answer: ChipChallengeAnswer,
    codes: ['rate_limited'],
  },
  'GET /api/v1/chips': {
    roles: EVERYBODY,
    summary: 'list chips; participants see their own',
    query: ListQuery,
    answer: ChipList,
  },
  'POST /api/v1/chips': {
    roles: ['admin', 'participant'],
    summary: 'register a chip',
    body: ChipRegistration,
    status: 201,
    answer: ChipAnswer,
    codes: [
      'chip_conflict',
      'unknown_user',
      'forbidden_role',
      'invalid_challenge',
      'invalid_proof',
    ],
  },
  'PATCH /api/v1/chips/{se_id}': {
    roles: ADMIN,
    summary: 'change a chip',
    params: ofChip,
    body: ChipPatch,
    answer: ChipAnswer,
    codes: ['unknown_chip', 'chip_state', 'chip_conflict'],
  },
  'POST /api/v1/chips/{se_id}/unblock': {
    roles: ADMIN,
    summary: 'authorise one try of the PUK of a chip whose PIN is blocked',
    params: ofChip,
    body: ChipUnblockRequest,
    answer: ChipUnblockAnswer,
    codes: [
      'unknown_chip',
      'chip_state',
      'authority_mismatch',
      'invalid_challenge',
      'rate_limited',
    ],
  },
} satisfies RouteTable;

/** The name of one of them. */
export type ChipRoute = keyof typeof CHIP_ROUTES;
