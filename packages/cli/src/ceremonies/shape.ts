/**
 * One kind of ceremony on the command line: its options, its order, and how its outcome is told.
 *
 * @module
 */
import type { OrderOf, OutcomeOf } from '@quorate/agent';
import type { Kind } from '@quorate/wire';
import type { Command } from 'commander';
import type { Attach, Context } from '../context.ts';
import type { Api } from '../remote/api.ts';
import type { JsonObject } from '../terminal/output.ts';

/** Options that every kind has. */
export interface CeremonyOptions {
  readonly sessionKey?: string;
  /** Seconds. */
  readonly wait: number;
  readonly login?: string;
  /** Only of a kind whose outcome fits into a file. */
  readonly out?: string;
}

/** An outcome in three forms. */
export interface Told {
  /** For machines, without the session key. */
  readonly result: JsonObject;
  /** For people. */
  readonly lines: readonly string[];
  /** For `--out`. */
  readonly file?: string;
}

/** A ceremony whose options have been checked and which the person has confirmed. */
interface Asking<K extends Kind> {
  /** Shown until the coordinator says where the session stands. */
  readonly label: string;
  readonly order: (api: Api, sessionKey: string) => OrderOf<K> | Promise<OrderOf<K>>;
  readonly tell: (outcome: OutcomeOf<K>, order: OrderOf<K>) => Told;
}

/** One kind of ceremony with options `O` of its own. */
export interface CliCeremony<K extends Kind, O extends CeremonyOptions> {
  readonly kind: K;
  readonly description: string;
  /** Adds the options that only this kind has. */
  readonly options: (command: Command) => Command;
  /** Help of `--out`, when the outcome can be written to a file. */
  readonly out?: string;
  readonly help: string;
  /** Checks the options and asks the person; `api` needs a login. @throws CliError */
  readonly begin: (context: Context, options: O, api: () => Api) => Asking<K> | Promise<Asking<K>>;
}

/** The command of one kind, whatever its options. */
export interface CeremonyCommand<K extends Kind> {
  readonly kind: K;
  readonly register: (program: Command, attach: Attach) => void;
}
