// A thread that is inside of libsecp256k1's binding nearly all the time, as one that signs is.
import { createRequire } from 'node:module';
import { threadEnd } from '../../dist/threads/threadEnd.js';

const tss = new URL('../../../tss/package.json', import.meta.url);
const bindings = createRequire(tss)('secp256k1/bindings');
const secret = new Uint8Array(32).fill(7);
const point = bindings.publicKeyCreate(secret, false);
const hashfn = (x) => Uint8Array.from(x);

function work() {
  const end = performance.now() + 20;
  while (performance.now() < end) bindings.ecdh(point, secret, { hashfn }, new Uint8Array(32));
  setImmediate(work);
}

threadEnd().listen(() => undefined);
work();
