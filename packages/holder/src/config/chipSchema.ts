/** How a configuration names a card in a reader or a token. */
import { z } from 'zod';

const path = z.string().min(1);

const publicKey = z
  .string()
  .regex(/^(0x)?04[0-9a-fA-F]{128}$/, 'expected the 65 bytes of a chip’s public key in hex')
  .transform((text) => text.replace(/^0x/, '').toLowerCase());

type Key = z.ZodPipe<z.ZodString, z.ZodTransform<string, string>>;

/** A card in a reader, as a configuration names it. */
export const pcscSchema: z.ZodObject<
  {
    kind: z.ZodLiteral<'pcsc'>;
    reader: z.ZodOptional<z.ZodString>;
    public_key: z.ZodOptional<Key>;
  },
  z.core.$strict
> = z.strictObject({
  kind: z.literal('pcsc'),
  reader: z.string().min(1).max(256).optional(),
  public_key: publicKey.optional(),
});

/** A token, as a configuration names it. */
export const pkcs11Schema: z.ZodObject<
  {
    kind: z.ZodLiteral<'pkcs11'>;
    module: z.ZodString;
    library_parameters: z.ZodOptional<z.ZodString>;
    token: z.ZodString;
    serial: z.ZodOptional<z.ZodString>;
    public_key: z.ZodOptional<Key>;
  },
  z.core.$strict
> = z.strictObject({
  kind: z.literal('pkcs11'),
  module: path,
  library_parameters: z.string().min(1).max(4096).optional(),
  token: z.string().min(1).max(32),
  serial: z.string().min(1).max(16).optional(),
  public_key: publicKey.optional(),
});

/** The message about another kind. */
export const CHIP_KINDS = 'expected kind: virtual, pcsc or pkcs11';
