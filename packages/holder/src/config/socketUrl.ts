/** URLs that a configuration gives for a WebSocket. */

const LONGEST = 2048;

/** The refusal of any other text. */
export const SOCKET_URL = 'expected ws:// or wss:// and a host, such as wss://host:8082/path';

/** Tells whether `ws` can dial it; for any other text it would throw, perhaps from a timer. */
export function isSocketUrl(text: string): boolean {
  if (text.length > LONGEST || !URL.canParse(text)) return false;
  const { protocol, hostname, hash } = new URL(text);
  return (protocol === 'ws:' || protocol === 'wss:') && hostname !== '' && hash === '';
}
