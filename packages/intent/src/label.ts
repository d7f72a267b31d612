/** Every label of this package, so that a test can check that no two uses share one. */
export const LABELS = {
  payload: {
    eip1559: 'quorate/v1/payload/eip1559',
    legacy: 'quorate/v1/payload/legacy',
    eip712: 'quorate/v1/payload/eip712',
    eip191: 'quorate/v1/payload/eip191',
    digest: 'quorate/v1/payload/digest',
  },
  intent: 'quorate/v1/intent',
  holder: 'quorate/v1/intent/holder',
  holders: 'quorate/v1/intent/holders',
  record: 'quorate/v1/record',
  shard: 'quorate/v1/shard',
  round: 'quorate/v1/round',
  sessionId: 'quorate/v1/session-id',
  roster: 'quorate/v1/roster',
  rosterEntry: 'quorate/v1/roster/entry',
  replacementRequest: 'quorate/v1/replacement/request',
  replacementStep: 'quorate/v1/replacement/step',
  destroyReason: 'quorate/v1/destroy/reason',
  destroyParts: 'quorate/v1/destroy/parts',
  destroyReceipt: 'quorate/v1/destroy/receipt',
} as const;

/**
 * The prefixes under which a chip hashes; fixed bytes instead of frames, so that a card can hash while it
 * receives.
 */
export const CHIP_LABELS = {
  authorisation: 'quorate-se/v1',
  session: 'quorate-se/v1/session',
  register: 'quorate-se/v1/register',
  rotate: 'quorate-se/v1/rotate',
  unblock: 'quorate-se/v1/unblock',
} as const;
