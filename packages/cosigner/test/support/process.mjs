// One cosigner as a process: what `quorate cosigner --config FILE` does, without the command line.
// Arguments after the file: `evil` makes this P2 break its proofs, `terminal` makes this P1 take a
// failed proof for a failed signature, `die:TEXT` ends it at once where it logs TEXT. `hasty` makes this
// P2 abort right behind its last message; `noisy` makes this side say junk of every type, in the present
// round, the next and the fourth, before each message of a round; `late` and `stopped` make this P1 end the session, or itself,
// when that message is with the protocol thread and not judged yet. `standing:N` makes this side's thread stand still at the
// first message of round N.
import { syncBuiltinESMExports } from 'node:module';
import workers from 'node:worker_threads';

const [file, ...seams] = process.argv.slice(2);
if (seams.includes('evil') || seams.includes('terminal')) {
  const seam = seams.includes('evil') ? 'evil' : 'terminal';
  workers.Worker = class extends workers.Worker {
    constructor(_url, options) {
      super(new URL(`${seam}Worker.mjs`, import.meta.url), options);
    }
  };
  syncBuiltinESMExports();
}
const standing = seams.find((seam) => seam.startsWith('standing:'))?.slice(9);
if (standing !== undefined) {
  const once = new Int32Array(new SharedArrayBuffer(4));
  workers.Worker = class extends workers.Worker {
    constructor(_url, options) {
      const workerData = { ...options.workerData, standing: { round: Number(standing), once } };
      super(new URL('standingWorker.mjs', import.meta.url), { ...options, workerData });
    }
  };
  syncBuiltinESMExports();
}
const honest = ({ prototype }, name) => Object.getOwnPropertyDescriptor(prototype, name).value;
if (seams.includes('hasty')) {
  const { ReliableSender } = await import('../../dist/peer/reliableSender.js');
  const post = honest(ReliableSender, 'post');
  ReliableSender.prototype.post = function (message) {
    post.call(this, message);
    if (message.type !== 'sign_p2_partial') return;
    const plaintext = Buffer.from(JSON.stringify({ code: 'aborted', reason: '' }));
    post.call(this, { type: 'abort', round: 0, plaintext, signature: '' });
  };
}
if (seams.includes('noisy')) {
  const { PEER_TYPES } = await import('@quorate/wire');
  const { ReliableSender } = await import('../../dist/peer/reliableSender.js');
  const post = honest(ReliableSender, 'post');
  const signature = Buffer.alloc(64).toString('base64');
  ReliableSender.prototype.post = function (message) {
    for (const round of message.round === 0 ? [] : [message.round, message.round + 1, 4]) {
      for (const type of PEER_TYPES.filter((name) => name !== 'abort')) {
        post.call(this, { type, round, plaintext: Buffer.alloc(100, round), signature });
      }
    }
    post.call(this, message);
  };
}
if (seams.includes('late') || seams.includes('stopped')) {
  const { Deadlines } = await import('../../dist/session/deadlines.js');
  const { Threads } = await import('../../dist/worker/threads.js');
  const arm = honest(Deadlines, 'arm');
  let clock;
  Deadlines.prototype.arm = function (which, seconds) {
    clock = this;
    arm.call(this, which, seconds);
  };
  const open = honest(Threads, 'open');
  Threads.prototype.open = function (...order) {
    const port = open.apply(this, order);
    const receive = (frame) => {
      port.receive(frame);
      if (frame.round !== 4) return;
      if (seams.includes('late')) arm.call(clock, 'step', 0);
      else process.emit('SIGTERM');
    };
    return { ...port, receive };
  };
}
const deadly = seams.find((seam) => seam.startsWith('die:'))?.slice(4);
const { createCosigner, loadCosignerConfig } = await import('../../dist/index.js');

const line = (level) => (fields, message) => {
  if (message === deadly) process.kill(process.pid, 'SIGKILL');
  process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
};
const logger = {
  debug: line('debug'),
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
};
const cosigner = await createCosigner(loadCosignerConfig(file), { logger });
process.stdout.write(`${JSON.stringify({ url: await cosigner.listen() })}\n`);
let closing;
process.on('SIGTERM', () => {
  closing ??= cosigner.close().then(() => process.exit(0));
});
// Without the test, the process has no reason to live.
process.stdin.on('end', () => process.exit(0)).resume();
