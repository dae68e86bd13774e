/**
 * The revocation endpoint of a resource, for the issuers of its tokens (draft -11, section 11.12).
 *
 * @module
 */

import { emptyAnswer, problemAnswer } from "../draft-11/problem.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { Revocations } from "../profile/revocations.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import { type Endpoint, membersOf, refusing } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

const REQUIREMENT = { level: "server" } as const;
const MAX_BODY_BYTES = 8_192;
const RETRY_AFTER_SECONDS = "60";
/** Longest lifetime of a person or auth token, an hour, and the allowed clock skew. */
const MAX_LIFETIME_SECONDS = 3_660;

interface RevocationParts {
  /**
   * For `endpoint: "revocation"`: its `agentProviders` are the accepted issuers. Others are refused
   * with `unsupported_iss` before anything is fetched for them.
   */
  readonly verifier: Verifier;
  readonly revocations: Revocations;
  readonly path: string;
  readonly now?: (() => number) | undefined;
}

/**
 * Creates the revocation endpoint of a server without downstream parties, which responds at once.
 * 200 without body for every revocation of an accepted issuer, even an unknown or repeated one. 400
 * `invalid_request` for a body that is not `{jti, exp}` and for an `exp` beyond any token lifetime,
 * 403 `unsupported_iss`, 429 `rate_limited` if the store is full, 401 with `Signature-Error`.
 *
 * Does NOT check that the issuer has issued such a token.
 */
export function createRevocationEndpoint(options: RevocationParts): Endpoint {
  const { verifier, revocations, path } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const [profile] = verifier.profiles as readonly [ResourceProfile];
  return {
    methods: ["POST"],
    path,
    maxBodyBytes: MAX_BODY_BYTES,
    handle: (request) =>
      refusing(profile, REQUIREMENT, async () => {
        const caller = await verifier.verifyRequest(request, REQUIREMENT).catch((error: unknown) => {
          if (error instanceof AAuthVerificationError && error.code === "untrusted_agent") return undefined;
          throw error;
        });
        if (caller === undefined) return problemAnswer(403, "unsupported_iss");
        const { jti, exp } = membersOf(request.body) ?? {};
        if (typeof jti !== "string" || jti === "" || typeof exp !== "number" || !Number.isFinite(exp)) {
          return problemAnswer(400, "invalid_request", "expected a JSON object with jti and exp");
        }
        if (exp > now() + MAX_LIFETIME_SECONDS) {
          return problemAnswer(400, "invalid_request", "exp exceeds the maximum lifetime of a token");
        }
        const { server: iss } = caller.caller;
        return (await revocations.revoke({ iss, jti, exp }))
          ? emptyAnswer(200)
          : problemAnswer(429, "rate_limited", undefined, { "retry-after": RETRY_AFTER_SECONDS });
      }),
  };
}
