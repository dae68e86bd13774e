import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { AAuthError } from "../errors.ts";
import type { TokenAlgorithm } from "../types.ts";
import { verifyJwt } from "./jwt.ts";

/** Whose key a token names. */
export interface PublishedKey {
  readonly kind: DiscoveryKind;
  readonly id: string;
  readonly kid: string | undefined;
}

/**
 * Verifies the signature of a token with the key its issuer publishes; again with a newer one, where the key came
 * from the cache and another one has taken its name since.
 *
 * @throws AAuthError `invalid_token_signature`, or of the discovery group
 */
export async function verifyWithPublishedKey(
  token: string,
  alg: TokenAlgorithm,
  { kind, id, kid }: PublishedKey,
  discovery: Discovery,
): Promise<void> {
  const { jwk, source } = await discovery.key(kind, id, kid);
  try {
    await verifyJwt(token, jwk, alg);
  } catch (error) {
    if (source !== "discovery-cache" || !(error instanceof AAuthError)) throw error;
    const replaced = await discovery.replacedKey(kind, id, kid, jwk);
    if (replaced === undefined) throw error;
    await verifyJwt(token, replaced, alg);
  }
  discovery.proven?.(kind, id);
}
