/** The coordinator as a replacement sees it (docs/spec/replace.md §3), by any way. */
import type {
  ReplacementAnswer,
  ReplacementReceipt,
  ReplacementRequest,
  ReplacementSeal,
  ReplacementStepAnswer,
  ReplacementStepRequest,
} from '@quorate/wire';

/** The coordinator's side. Every method throws the coordinator's refusal. */
export interface ReplacementService {
  /** 32 bytes in hex, for the request. */
  nonce(): Promise<string>;
  /** The caller's own replacement that is not over. */
  open(): Promise<ReplacementAnswer | undefined>;
  find(id: string): Promise<ReplacementAnswer>;
  request(request: ReplacementRequest): Promise<ReplacementAnswer>;
  authorise(
    id: string,
    address: string,
    request: ReplacementStepRequest,
  ): Promise<ReplacementStepAnswer>;
  seal(id: string, address: string, seal: ReplacementSeal): Promise<ReplacementAnswer>;
  switch(id: string): Promise<ReplacementAnswer>;
  receipt(id: string, address: string, receipt: ReplacementReceipt): Promise<ReplacementAnswer>;
}
