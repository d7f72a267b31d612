/**
 * The shape of a kind of ceremony at a client: its request, and the proof that a completion must bring.
 */
import type { CompleteOf, Kind, RequestOf } from '@quorate/wire';

/** A request without the fields that the client adds. */
export type OrderOf<K extends Kind> = {
  readonly [J in Kind]: Omit<RequestOf<J>, 'type' | 'cseq'>;
}[K];

/** One kind of ceremony as a client sees it; `O` is its outcome. */
export interface ClientCeremony<K extends Kind, O> {
  /** Refuses a well-formed order that contradicts itself. @throws AgentError `session/refused` */
  readonly check?: (order: OrderOf<K>) => void;
  /** Verifies a completion that says success. @throws CeremonyError `invalid_result` */
  readonly outcome: (complete: CompleteOf<K>, order: OrderOf<K>) => O;
}
