/**
 * The table of ceremonies that can be asked for on the command line. A new kind is one file in commands/ and
 * one line here.
 *
 * @module
 */
import type { Kind } from '@quorate/wire';
import type { Command } from 'commander';
import { destroy } from '../commands/destroy.ts';
import { keygen } from '../commands/keygen.ts';
import { sign } from '../commands/sign.ts';
import type { Attach } from '../context.ts';
import type { CeremonyCommand } from './shape.ts';

/** In the order in which the help lists them. */
const COMMANDS: { readonly [K in Kind]: CeremonyCommand<K> } = { keygen, sign, destroy };

/** Adds the commands of all ceremonies. */
export function registerCeremonies(program: Command, attach: Attach): void {
  for (const { register } of Object.values(COMMANDS)) register(program, attach);
}
