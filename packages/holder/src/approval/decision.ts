/** A person's decision, and the part of the question that binds it to the content. */

/** The decision; a refusal's reason is told to everyone of the session. */
export type Approval =
  | { readonly accept: true }
  | { readonly accept: false; readonly reason: string };

/** A part of the question whose digits a person copies. */
export interface Subject {
  readonly name: 'digest' | 'address' | 'digest of this request';
  /** Hex digits, with or without `0x`. */
  readonly hex: string;
}
