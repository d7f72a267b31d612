/** Reads JSON from elsewhere, or from disk. */
import { parseJson } from '@quorate/wire';

/** Bytes of the largest record of a store; frames and bodies are bounded earlier. */
const LARGEST = 16 * 1024 * 1024;

/** The value; undefined if it is refused. */
export function parsedJson(source: string | Uint8Array): unknown {
  const json = parseJson(source, { size: LARGEST });
  return json.ok ? json.value : undefined;
}
