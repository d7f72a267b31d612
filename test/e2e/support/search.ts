// Looks for secrets in a heap of bytes, in every form in which one could have got there.

/** A secret and what it is, for the failure message. */
export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where a secret was found. */
export interface Finding {
  readonly name: string;
  readonly form: string;
  readonly where: string;
}

/** A heap of bytes to search. */
export interface Heap {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every form of a secret that is looked for. */
export function formsOf(secret: Uint8Array): [form: string, needle: Buffer][] {
  const bytes = Buffer.from(secret);
  const reversed = Buffer.from(bytes).reverse();
  return (
    [
      ['', bytes],
      ['reversed ', reversed],
    ] as const
  ).flatMap(([prefix, value]): [string, Buffer][] => [
    [`${prefix}raw`, value],
    [`${prefix}hex`, Buffer.from(value.toString('hex'))],
    [`${prefix}HEX`, Buffer.from(value.toString('hex').toUpperCase())],
    [`${prefix}decimal`, Buffer.from(BigInt(`0x${value.toString('hex')}`).toString())],
    [`${prefix}list`, Buffer.from([...value].join(','))],
    ...base64Forms(value).map(([form, text]): [string, Buffer] => [
      `${prefix}${form}`,
      Buffer.from(text),
    ]),
  ]);
}

/** Base64 of the value wherever it begins within three bytes, without the characters that neighbours share. */
function base64Forms(value: Buffer): [string, string][] {
  return [0, 1, 2].flatMap((shift): [string, string][] => {
    const padded = Buffer.concat([Buffer.alloc(shift), value]);
    const usable = padded.length - (padded.length % 3);
    const text = padded
      .subarray(0, usable)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4);
    const url = text.replaceAll('+', '-').replaceAll('/', '_');
    return [
      [`base64 at ${shift}`, text],
      ...(url === text ? [] : [[`base64url at ${shift}`, url] as [string, string]]),
    ];
  });
}

/** Everything of base64 in a text, decoded, since a secret may lie anywhere inside. */
export function decodedBase64(text: string): Buffer {
  const parts = text.match(/[A-Za-z0-9+/_-]{24,}={0,2}/g) ?? [];
  return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
}

interface Needle {
  readonly name: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Finds secrets in one pass over each heap; the result says which, in which form and where. */
export function findSecrets(heaps: readonly Heap[], secrets: readonly Secret[]): Finding[] {
  const needles = new Map<number, Needle[]>();
  for (const { name, bytes } of secrets) {
    for (const [form, needle] of formsOf(bytes)) {
      const key = needle.readUInt32LE(0);
      const same = needles.get(key);
      if (same) same.push({ name, form, bytes: needle });
      else needles.set(key, [{ name, form, bytes: needle }]);
    }
  }
  return heaps.flatMap((heap) => findIn(heap, needles));
}

function findIn(heap: Heap, needles: ReadonlyMap<number, readonly Needle[]>): Finding[] {
  const findings: Finding[] = [];
  for (let at = 0; at + 4 <= heap.bytes.length; at += 1) {
    for (const { name, form, bytes } of needles.get(heap.bytes.readUInt32LE(at)) ?? []) {
      if (bytes.equals(heap.bytes.subarray(at, at + bytes.length))) {
        findings.push({ name, form, where: `${heap.name} at ${at}` });
      }
    }
  }
  return findings;
}
