/**
 * The parts of the coordinator's answers that this program reads.
 *
 * @module
 */
import { z } from 'zod';

/** `POST /auth/login`, `/auth/refresh`, `/setup`. Secret. */
export const Tokens = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_at: z.number(),
  roles: z.array(z.string()),
});

/** `POST /users/{username}/tokens`. Secret. */
export const MachineToken = z.object({ token: z.string(), expires_at: z.number() });

/** `GET /users`. */
export const UserList = z.object({
  users: z.array(z.object({ username: z.string(), roles: z.array(z.string()), state: z.string() })),
});

const KeySummary = z.object({
  address: z.string(),
  public_key: z.string(),
  creator: z.string(),
  threshold: z.number(),
  total_parts: z.number(),
  state: z.string(),
});

/** `GET /keys`. */
export const KeyList = z.object({ keys: z.array(KeySummary) });

/** `GET /keys/{address}`. */
export const KeyAnswer = z.object({
  ...KeySummary.shape,
  holders: z.array(
    z.object({
      part_index: z.number(),
      username: z.string(),
      se_id: z.string(),
      chip_label: z.string(),
      chip_state: z.string(),
    }),
  ),
  grants: z.array(z.string()),
});

const ChipEntry = z.object({
  se_id: z.string(),
  username: z.string(),
  cpic: z.string(),
  public_key: z.string(),
  label: z.string(),
  state: z.string(),
});

/** `GET /chips`. */
export const ChipList = z.object({ chips: z.array(ChipEntry) });

/** `GET /authorisation-key`. */
export const AuthorisationKey = z.object({ public_key: z.string(), fingerprint: z.string() });

/** `POST /chips/challenge`. */
export const ChipChallenge = z.object({ nonce: z.string() });

/** `GET /audit`. */
export const AuditPage = z.object({
  entries: z.array(
    z.object({
      seq: z.number(),
      at: z.number(),
      actor: z.string(),
      action: z.string(),
      subject: z.string(),
      outcome: z.string(),
    }),
  ),
});

/** `GET /audit/checkpoint`. */
export const Checkpoint = z.record(z.string(), z.unknown());
