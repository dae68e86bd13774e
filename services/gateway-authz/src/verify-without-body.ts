import type { ReceivedRequest, VerifiedRequest } from "aauth";
import type { Verifier } from "aauth/resource";

/**
 * Verifies a request whose body is not here: signature, coverage, freshness, replay, token, key. That the digest belongs to the body
 * is left to the agent behind the gateway, which has both; what is checked here is that the signature covers the digest, so that the
 * agent's comparison counts.
 *
 * @throws AAuthError whatever the gate refuses
 */
export async function verifyWithoutBody(
  verifier: Verifier,
  request: ReceivedRequest & { readonly authority: string },
): Promise<VerifiedRequest> {
  const headers = { ...request.headers };
  const pending = await verifier.begin({ ...request, headers });
  // The gate compares the digest when it completes, and has nothing to compare it with.
  delete headers["content-digest"];
  return pending.complete(undefined);
}
