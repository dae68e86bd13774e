import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import type { KeyFile, KeyFiles } from "./key-files.ts";

/** A private or secret key as a JWK (RFC 7517). */
const jwkSchema = z.looseObject({ kty: z.string(), kid: z.string().min(1).optional() });
export type KeptJwk = z.output<typeof jwkSchema>;

/** Additional members are those of the library's `HeldKey`. An operator's file has none. */
const entrySchema = jwkSchema
  .extend({ announced_at: z.int().min(0).optional(), keep_seconds: z.number().min(0).optional() })
  .transform(({ announced_at: announcedAt, keep_seconds: keepSeconds, ...jwk }) => ({
    jwk: jwk as KeptJwk,
    announcedAt,
    keepSeconds,
  }));
/** A JWK Set with at least one key. */
export const keySetSchema = z.strictObject({ keys: z.array(entrySchema).min(1) });

/** A key of a file. */
export interface KeptEntry {
  readonly jwk: KeptJwk;
  /** Unix seconds. */
  readonly announcedAt?: number | undefined;
  readonly keepSeconds?: number | undefined;
}

/**
 * The keys of a file: a private key as PEM, a JWK, or a JWK Set with the newest key first.
 *
 * @throws ConfigError
 */
export function readEntries(files: KeyFiles, { name, text }: KeyFile): readonly KeptEntry[] {
  try {
    const value: unknown = name.endsWith(".pem")
      ? createPrivateKey(text).export({ format: "jwk" })
      : JSON.parse(text);
    return z.union([keySetSchema, entrySchema.transform((entry) => ({ keys: [entry] }))]).parse(value).keys;
  } catch {
    // Without a cause, because parsers quote their input.
    throw files.problem(name, "is malformed: expected a private key as PEM, a JWK or a JWK Set");
  }
}

/** The text of a JWK Set that {@link readEntries} reads. */
export function textOf(entries: readonly KeptEntry[]): string {
  const keys = entries.map(({ jwk, announcedAt, keepSeconds }) => ({
    ...jwk,
    announced_at: announcedAt,
    keep_seconds: keepSeconds,
  }));
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}
