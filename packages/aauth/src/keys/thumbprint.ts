import { platformCrypto } from "#crypto";
import { AAuthVerificationError } from "../errors.ts";
import type { IssuerJwk, PublicJwk } from "../types.ts";

/** Members of the thumbprint, in the lexicographic order of RFC 7638 section 3. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  OKP: ["crv", "kty", "x"],
  EC: ["crv", "kty", "x", "y"],
  RSA: ["e", "kty", "n"],
};

/**
 * The RFC 7638 SHA-256 thumbprint of a public key, base64url without padding. It is the value of
 * `agent_jkt`, and the only basis for comparing keys; `kid` is not (profile 4.2).
 *
 * @param jwk an OKP, EC or RSA key; other members (`kid`, `alg`, …) are ignored
 * @throws {AAuthError} `unsupported_key` for another `kty`, or a missing member
 *
 * Does NOT check that the key is well formed or that it has no private members.
 *
 * @example
 * const jkt = await jwkThumbprint({ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
 */
export async function jwkThumbprint(jwk: IssuerJwk | PublicJwk): Promise<string> {
  const members = Object.hasOwn(MEMBERS, jwk.kty) ? MEMBERS[jwk.kty] : undefined;
  if (!members)
    throw new AAuthVerificationError("unsupported_key", "no thumbprint is defined for this key type");
  const canonical = members.map((member) => {
    const value = (jwk as Readonly<Record<string, unknown>>)[member];
    if (typeof value !== "string") {
      throw new AAuthVerificationError("unsupported_key", `the key has no member "${member}"`);
    }
    return `"${member}":${JSON.stringify(value)}`;
  });
  return platformCrypto.digest("sha-256", `{${canonical.join(",")}}`, "base64url");
}
