/** Every message of a signature, and whom it goes to. */
export const SIGNING = [
  ['two_party_sign_init', 'p2'],
  ['two_party_sign_init', 'p1'],
  ['sign_commit', 'p2'],
  ['sign_p2_nonce', 'p1'],
  ['sign_open', 'p2'],
  ['sign_p2_partial', 'p1'],
  ['sign_done', 'p2'],
] as const;
