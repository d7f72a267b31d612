/** Values of fields, for samples of messages. */
const hex = (bytes: number, digit = 'a'): string => digit.repeat(bytes * 2);
export const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

export const ADDRESS = '0x52908400098527886E0F7030069857D2E4169EE7';
export const PUBLIC_KEY = `0x02${hex(32)}`;
export const CPIC = hex(42);
export const CERTIFICATE = base64(241);
export const CHALLENGE = base64(16);
export const DER = base64(70);
export const SIGNATURE = `0x${hex(64)}1b`;
export const HASH = hex(32);

export const session = { session_key: 'session:1' };
export const people = ['用户1', '用户2', '用户3'];
export const peers = people.slice(0, 2).map((username, index) => ({
  username,
  part_index: index + 1,
  session_certificate: CERTIFICATE,
}));
const evidence = [{ from: 2, to: 1, round: 2, body: base64(40), signature: base64(64) }];
export const abort = { reason: 'invalid-share', round: 2, culprits: [2], evidence };
export const payload = { kind: 'eip191', message: 'two\nlines' };
export const round = { from: 1, to: null, round: 1, body: base64(40), signature: base64(64) };
