// Command lines of benchmarks: whoever mistypes an option is told so before anything is measured.
import { parseArgs } from 'node:util';

/** Ends with a message and the usage. */
export function refuse(message, usage) {
  process.stderr.write(`${message}\nusage: ${usage}\n`);
  process.exit(2);
}

/** Parses options as node:util does; an unknown one ends the program. */
export function readArguments(options, usage) {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return refuse(error.message, usage);
  }
}
