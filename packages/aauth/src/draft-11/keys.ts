/**
 * Accepted keys: Ed25519 and ES256, each with its fully specified `alg` (draft -11, section
 * 11.3.1). A key without `alg` is refused, even though its type and curve imply one.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { confirmationMembers, verificationKey } from "../keys/verification-key.ts";
import { claimedTokenJwk } from "../profile/candidates.ts";
import type { KeyClaim, MessageRules } from "../profile/messages.ts";
import type { IssuerJwk, PublicJwk, VerificationKey } from "../types.ts";
import { ALGORITHMS } from "./names.ts";
import type { SignatureKey } from "./signature-key.ts";

const isSupported = (alg: unknown): alg is (typeof ALGORITHMS)[number] =>
  (ALGORITHMS as readonly unknown[]).includes(alg);

/**
 * Refuses a key that does not name its algorithm.
 *
 * @throws AAuthVerificationError `key_algorithm_not_allowed` for an `alg` that is absent,
 *   polymorphic (`EdDSA`) or not supported
 *
 * Does NOT check that `kty` and `crv` match it: the import does.
 */
export function requireFullySpecified(jwk: unknown): asserts jwk is IssuerJwk {
  const { alg } = (jwk ?? {}) as Readonly<Record<string, unknown>>;
  if (!isSupported(alg)) {
    const reason =
      alg === undefined ? "has no alg" : "has an alg that is not fully specified or not supported";
    throw new AAuthVerificationError("key_algorithm_not_allowed", `the key ${reason}`, {
      claim: "alg",
      expected: ALGORITHMS.join(", "),
    });
  }
}

/**
 * Imports a key that signs messages.
 *
 * @throws AAuthVerificationError `key_algorithm_not_allowed`, `unsupported_key`
 */
export function importKey(jwk: unknown, mode: "sync" | "pool" = "sync"): Awaitable<VerificationKey> {
  requireFullySpecified(jwk);
  return verificationKey(jwk, mode, ALGORITHMS);
}

/**
 * A public key as a token carries it: with `alg`, and without `kid` and `use`.
 *
 * @throws TypeError for anything else
 */
export function namedKey(jwk: PublicJwk): PublicJwk {
  return { ...confirmationMembers(jwk), alg: jwk.kty === "OKP" ? "Ed25519" : "ES256" };
}

/**
 * Checks that `keyid` names the key of `Signature-Key`, by its thumbprint or by its `kid` there.
 * `alg` is ignored (section 11.3.3.2).
 */
export const foreignParameter: NonNullable<MessageRules["foreignParameter"]> = ({ params }, key, claim) => {
  if (!params.has("keyid")) return undefined;
  const keyid = params.get("keyid");
  return keyid === key.thumbprint || (keyid !== undefined && keyid === kidOf(claim)) ? undefined : "keyid";
};

function kidOf(claim: KeyClaim): unknown {
  const known = claim as SignatureKey;
  return known.scheme === "jwt" ? claimedTokenJwk(known.jwt)?.kid : known.kid;
}
