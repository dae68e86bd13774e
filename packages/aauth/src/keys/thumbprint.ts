import { platformCrypto } from "#crypto";
import { AAuthVerificationError } from "../errors.ts";
import type { IssuerJwk, PublicJwk } from "../types.ts";

/** The members that make the thumbprint, in the lexicographic order RFC 7638 section 3 demands. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  OKP: ["crv", "kty", "x"],
  EC: ["crv", "kty", "x", "y"],
  RSA: ["e", "kty", "n"],
};

/**
 * The RFC 7638 SHA-256 thumbprint of a public key, base64url without padding: what `agent_jkt`
 * holds and what keys are compared by. A `kid` never is (profile 4.2).
 *
 * @param jwk an OKP, EC or RSA key; members beyond those of the key itself (`kid`, `alg`, …) do not
 * count
 * @throws {AAuthError} `unsupported_key` when `kty` is another one or a member of the key is
 * missing
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
