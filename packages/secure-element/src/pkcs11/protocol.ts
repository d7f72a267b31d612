/** The messages between the process and the thread of a PKCS#11 module. */
import type { SecureElementErrorCode } from '../errors.ts';
import type { TokenChoice, TokenDescription } from './host.ts';
import type { NewPin } from './pins.ts';

/** An order to the thread; answered by a {@link Reply} with the same id. */
export type Order = { readonly id: number } & (
  | { readonly kind: 'list' }
  | { readonly kind: 'open'; readonly choice: TokenChoice }
  | { readonly kind: 'reset-pin'; readonly choice: TokenChoice; readonly pins: NewPin }
  | { readonly kind: 'transmit'; readonly element: number; readonly apdu: Uint8Array }
  | { readonly kind: 'damaged'; readonly element: number }
  | { readonly kind: 'close'; readonly element: number }
);

/** The result of each kind of order. */
export interface Results {
  readonly list: readonly TokenDescription[];
  /** The number of the opened token. */
  readonly open: number;
  readonly 'reset-pin': null;
  readonly transmit: Uint8Array;
  readonly damaged: number;
  readonly close: null;
}

/** The end of an order. */
export type Reply =
  | { readonly id: number; readonly value: Results[keyof Results] }
  | { readonly id: number; readonly error: PostedError };

/** An error as it crosses threads. */
export interface PostedError {
  readonly code: SecureElementErrorCode;
  readonly message: string;
  readonly unsent: boolean;
  readonly triesLeft?: number | undefined;
}
