/** Reads messages that sign a person in at a web site (EIP-4361), and warns of suspicious ones. */

const FIRST_LINE =
  /^(?:[a-z][a-z0-9+.-]{0,31}:\/\/)?(\S{1,255}) wants you to sign in with your Ethereum account:$/i;
const URI = /^URI: [a-z][a-z0-9+.-]{0,31}:\/\/([^/?#\s]{0,255})/i;
const LONGEST_LINE = 512;

/** Warns of a message that names one site and signs in at another; `lines` are the message's lines. */
export function signInWarnings(lines: readonly string[]): string[] {
  const short = lines.filter((line) => line.length <= LONGEST_LINE);
  const [, site] = FIRST_LINE.exec(short[0] ?? '') ?? [];
  if (site === undefined || short[0] !== lines[0]) return [];
  const hosts = short.flatMap((line) => URI.exec(line)?.[1] ?? []);
  const other = hosts.find((host) => host.toLowerCase() !== site.toLowerCase());
  if (other !== undefined) {
    return [`sign-in at ${site}: the address in the message belongs to another site, ${other}`];
  }
  return hosts.length > 0 ? [] : [`sign-in at ${site}: the message names no address of the site`];
}
