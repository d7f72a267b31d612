/** JSON that somebody else wrote, or that lay on a disk. */
import { parseJson } from '@quorate/wire';

/** Bytes of the largest record of a store; frames and bodies are bounded before they come here. */
const LARGEST = 16 * 1024 * 1024;

/** The value, or undefined for what is not taken. */
export function parsedJson(source: string | Uint8Array): unknown {
  const json = parseJson(source, { size: LARGEST });
  return json.ok ? json.value : undefined;
}
