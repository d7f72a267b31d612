/** A stream that text goes to; a terminal says so. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Why written text did not arrive; undefined as long as everything did. */
  readonly loss?: Loss | undefined;
  /** Tells when the first text is lost. */
  onLoss?(told: (loss: Loss) => void): void;
  /** Settles when all written text has arrived or is lost. */
  settled?(): Promise<void>;
}

/** Text that did not arrive. */
export interface Loss {
  /** Nobody reads any more. */
  readonly closed: boolean;
  readonly why: string;
}
