import type { Discovery } from "../discovery/discovery.ts";
import { importVerificationKey } from "../keys/verification-key.ts";
import { parseSignatureKey } from "../profiles/february-2026/signature-key.ts";
import { decodeToken } from "../tokens/decode-token.ts";
import type { VerificationKey } from "../types.ts";

/**
 * The key a message says it was signed with, for the second opinion only: a token is decoded and not validated here.
 *
 * @throws {AAuthError} when the header names no key, or discovery does not find it
 */
export async function claimedKey(signatureKey: string, discovery: Discovery): Promise<VerificationKey> {
  const claim = parseSignatureKey(signatureKey, { semicolonForm: true });
  switch (claim.scheme) {
    case "hwk":
      return importVerificationKey(claim.jwk);
    case "jwks": {
      const [kind, id] =
        "jwksUri" in claim ? (["jwks", claim.jwksUri] as const) : (["agent", claim.id] as const);
      return importVerificationKey((await discovery.key(kind, id, claim.kid)).jwk);
    }
    case "jwt": {
      const confirmation = decodeToken(claim.jwt).claims.cnf as { jwk?: unknown } | undefined;
      return importVerificationKey(confirmation?.jwk);
    }
  }
}
