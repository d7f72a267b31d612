// Loaded before every benchmark: without anybody who reads its figures it ends, and quietly.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') process.stderr.write(`stdout cannot be written: ${error.message}\n`);
  process.exit(error.code === 'EPIPE' ? 141 : 7);
});
