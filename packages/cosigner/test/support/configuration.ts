/** Which of the two. */
export type Side = 'enterprise' | 'mobile-app';

/** The other one. */
export const OTHER: Record<Side, Side> = { enterprise: 'mobile-app', 'mobile-app': 'enterprise' };

/** The configuration of one side, on a port of its own and without primes to spare. */
export const configurationOf = (side: Side) => ({
  listen: { host: '127.0.0.1', port: 0 },
  capabilities: ['keygen', 'sign'],
  role: side,
  partners: [OTHER[side]],
  partner_keys: { [OTHER[side]]: `${OTHER[side]}/public.json` },
  store: side,
  approval: 'auto',
  paillier_bits: 2048,
  primes: { ready: 0 },
});
