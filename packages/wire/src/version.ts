/** The version of the protocol and of its documents. */
export const VERSION = '0.1.0';
