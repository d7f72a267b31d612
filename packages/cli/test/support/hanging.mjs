// Preloaded into a program of ours, makes a part of it hang: HANG is `thread PIPE` (a protocol thread in native code),
// `chip`, `connections`, `alive` (something that keeps a process alive).
import { syncBuiltinESMExports } from 'node:module';
import workers from 'node:worker_threads';

const [what, pipe] = (process.env.HANG ?? '').split(' ');
const never = () => new Promise(() => undefined);

if (what === 'thread') {
  workers.Worker = class extends workers.Worker {
    constructor(_url, options) {
      const workerData = { ...options.workerData, pipe };
      super(new URL('hangingThread.mjs', import.meta.url), { ...options, workerData });
    }
  };
  syncBuiltinESMExports();
}
if (what === 'chip') {
  const { ApduSecureElement } = await import('../../../secure-element/dist/index.js');
  ApduSecureElement.prototype.close = never;
}
if (what === 'connections') {
  const { SocketServer } = await import('../../../coordinator/dist/socket/server.js');
  SocketServer.prototype.close = never;
}
if (what === 'alive') setInterval(() => undefined, 1000);
