import { randomBytes } from "node:crypto";
import { createKeyRing, generateSigningKey, type KeyRing } from "aauth";

/** Lifetime of a token of draft -11. */
const KEEP_SECONDS = 3_600;

/**
 * Keys of a person server or an access server, new at each start. A `kid` is never used twice,
 * because other parties keep key sets beyond a restart.
 */
export async function createIssuerKeys(name: string, now: () => number): Promise<KeyRing> {
  const create = () => generateSigningKey({ kid: `${name}-${randomBytes(6).toString("base64url")}` });
  return createKeyRing({ key: await create(), create, keepSeconds: KEEP_SECONDS, now });
}
