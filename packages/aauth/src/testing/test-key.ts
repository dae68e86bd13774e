import { importSigningKey } from "../keys/signing-key.ts";
import type { SigningKey } from "../types.ts";

/** Published test keys, safe to know: A is RFC 9421 B.1.4, B is RFC 8037 A.1. */
const PRIVATE_JWKS = {
  A: {
    kty: "OKP",
    crv: "Ed25519",
    x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
    d: "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
  },
  B: {
    kty: "OKP",
    crv: "Ed25519",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  },
} as const;

/**
 * A fixed key with deterministic signatures.
 *
 * @param name `A` or `B` of the protocol's test vectors (section 11.1)
 * @param kid default `key-a` or `key-b`
 */
export function testKey(name: "A" | "B", kid = `key-${name.toLowerCase()}`): Promise<SigningKey> {
  return importSigningKey(PRIVATE_JWKS[name], { kid });
}
