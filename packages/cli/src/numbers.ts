/**
 * Numbers in options.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander';

const WHOLE = /^\d{1,16}$/;
const DECIMAL = /^\d{1,15}(?:\.\d{1,15})?$/;

/**
 * A parser of whole numbers from `from` to `to` in decimal digits; nothing else is a number here, not even nothing.
 * `expected` says it to people.
 */
export function wholeNumber(from: number, to: number, expected?: string): (text: string) => number {
  return (text) => parse(text, WHOLE, { from, to, expected });
}

/** The same for seconds, which may have a fraction. */
export function seconds(from: number, to: number): (text: string) => number {
  return (text) => parse(text, DECIMAL, { from, to });
}

function parse(
  text: string,
  form: RegExp,
  {
    from,
    to,
    expected = `${from} to ${to}`,
  }: { readonly from: number; readonly to: number; readonly expected?: string | undefined },
): number {
  const number = Number(text);
  if (!form.test(text) || number < from || number > to) throw new InvalidArgumentError(expected);
  return number;
}
