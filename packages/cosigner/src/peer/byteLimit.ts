/** Limits the bytes of a connection that has not proved who it is. */
import type { Duplex } from 'node:stream';

/**
 * Ends a socket that sends more than `most` bytes, in complete frames or not, until the result is called. With
 * the number of such connections this bounds the memory of all of them: `ws` itself keeps up to a whole frame.
 */
export function limitBytes(socket: Duplex, most: number, onOver: () => void): () => void {
  let heard = 0;
  const count = (chunk: Buffer): void => {
    heard += chunk.length;
    if (heard <= most) return;
    socket.off('data', count);
    onOver();
    socket.destroy();
  };
  socket.on('data', count);
  return () => socket.off('data', count);
}
