import type { Parser } from '../support/parsers.ts';
import { AGENT } from './agent.ts';
import { CLI } from './cli.ts';
import { COORDINATOR } from './coordinator.ts';
import { COSIGNER } from './cosigner.ts';
import { HOLDER } from './holder.ts';
import { INTENT } from './intent.ts';
import { SECURE_ELEMENT } from './secureElement.ts';
import { TSS } from './tss.ts';
import { WIRE } from './wire.ts';

/** The table: every parser of foreign bytes. */
export const PARSERS: readonly Parser[] = [
  ...WIRE,
  ...INTENT,
  ...TSS,
  ...SECURE_ELEMENT,
  ...HOLDER,
  ...AGENT,
  ...COSIGNER,
  ...COORDINATOR,
  ...CLI,
];
