// One cosigner as a process: what `quorate cosigner --config FILE` does, without the command line.
import { createCosigner, loadCosignerConfig } from '../../dist/index.js';

const loaded = loadCosignerConfig(process.argv[2]);
const line = (level) => (fields, message) =>
  process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
const logger = {
  debug: line('debug'),
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
};
const cosigner = await createCosigner(loaded, { logger });
process.stdout.write(`${JSON.stringify({ url: await cosigner.listen() })}\n`);
process.on('SIGTERM', () => {
  void cosigner.close().then(() => process.exit(0));
});
// Without the test, the process has no reason to live.
process.stdin.on('end', () => process.exit(0)).resume();
