// One cosigner as a process: what `quorate cosigner --config FILE` does, without the command line.
// Arguments after the file: `evil` makes this P2 break its proofs, `terminal` makes this P1 take a
// failed proof for a failed signature, `die:TEXT` ends it at once where it logs TEXT.
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
process.on('SIGTERM', () => {
  void cosigner.close().then(() => process.exit(0));
});
// Without the test, the process has no reason to live.
process.stdin.on('end', () => process.exit(0)).resume();
