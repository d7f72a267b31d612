/** Rules for keys of a configuration that depend on each other. */
import type { CosignerConfig } from './configShape.ts';

/** Whether nobody on the way can read the traffic. */
function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'wss:' || isLoopback(hostname);
}

/** Returns what is wrong with a configuration whose single keys are right; undefined if nothing is. */
export function rulesProblem(config: CosignerConfig): string | undefined {
  const { name, partners, partner_keys, peer, tls, listen, allow_insecure } = config;
  if (partners.includes(name)) return `partners: ${name} is this server itself`;
  if (new Set(partners).size !== partners.length) return 'partners: a name twice';
  const stranger = Object.keys(partner_keys).find((partner) => !partners.includes(partner));
  if (stranger !== undefined) return `partner_keys.${stranger}: not among partners`;
  if (peer !== undefined && partners.length > 1) return 'peer: one partner is dialled, not several';
  if ((tls?.certificate_file === undefined) !== (tls?.key_file === undefined)) {
    return 'tls: certificate_file and key_file go together';
  }
  if (allow_insecure) return undefined;
  if (tls?.certificate_file === undefined && !isLoopback(listen.host)) {
    return `listen.host: ${listen.host} without tls; set tls, or allow_insecure: true`;
  }
  if (peer !== undefined && !isPrivate(peer)) {
    return 'peer: ws:// to another host; use wss://, or allow_insecure: true';
  }
  return undefined;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
