/** URLs that a configuration gives for a WebSocket. */

const LONGEST = 2048;

/** The refusal of any other text. */
export const SOCKET_URL = 'expected ws:// or wss:// and a host, such as wss://host:8082/path';

/** Whether `ws` can dial it; of any other text it would throw, from a timer perhaps. */
export function isSocketUrl(text: string): boolean {
  if (text.length > LONGEST || !URL.canParse(text)) return false;
  const { protocol, hostname, hash } = new URL(text);
  return (protocol === 'ws:' || protocol === 'wss:') && hostname !== '' && hash === '';
}
