/** The unit in which clients' addresses are counted. */

/**
 * An IPv4 address itself, or the /64 network of an IPv6 address: one subscriber owns all its 2⁶⁴ addresses, so
 * a limit per address would limit nothing.
 */
export function addressGroup(address: string): string {
  const plain = (address.split('%')[0] ?? '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const words = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  const network = words.slice(0, 4).map((word) => word.replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}
