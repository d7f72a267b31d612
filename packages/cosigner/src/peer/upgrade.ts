/** Upgrade requests: those not for `/peer`, or without a place, are answered and cut off. */
import { type Logger, messageOf } from '@quorate/holder';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseSocket } from '../rest/answers.ts';

/** The path for partners. */
const PEER_PATH = '/peer';

/** The path of a request target. A target need not be a URL: `//` and `http://[` are not. */
export function targetPath(target: string | undefined): string {
  return target?.split('?', 1)[0] ?? '';
}

/** Takes upgrade requests; an error of one of them ends only its socket. */
export function upgradeHandler(
  accept: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
  logger: Logger,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    try {
      if (targetPath(request.url) === PEER_PATH) accept(request, socket, head);
      else refuseSocket(socket, 'not_found', 'partners connect at /peer');
    } catch (error) {
      logger.error({ error: messageOf(error) }, 'an upgrade request failed');
      socket.destroy();
    }
  };
}
