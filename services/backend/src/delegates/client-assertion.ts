import type { ClaimStore } from "aauth";
import { decodeJwt, importJWK, jwtVerify } from "jose";
import type { Enrolment, Enrolments } from "./enrolments.ts";

/** RFC 7523 section 2.2. */
export const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** An assertion is created for one request. */
const MAX_AGE_SECONDS = 60;
const CLOCK_SKEW_SECONDS = 5;

/**
 * An invalid credential. The reason is for the log; callers that are not enrolled do not learn it.
 */
export class ClientAssertionError extends Error {
  override readonly name = "ClientAssertionError";
}

/** Authenticates the delegate. @throws ClientAssertionError */
export type AuthenticateDelegate = (
  assertion: string,
  request: {
    /** Thumbprint of the key that signed the request. */
    readonly thumbprint: string;
  },
) => Promise<Enrolment>;

/**
 * Checks client assertions (`private_key_jwt`, RFC 7523 section 3): signed by the enrolled key with
 * EdDSA, of the right type, with `iss` and `sub` naming the delegate and `aud` this endpoint, at
 * most 60 s old and used once. `cnf.jkt` must be the key that signed the request, so that a third
 * party cannot use an assertion that it sees.
 */
export function createDelegateAuthentication(options: {
  enrolments: Enrolments;
  /** URL of the endpoint, as delegates know it. */
  endpoint: string;
  usedAssertions: ClaimStore;
  /** Unix seconds. */
  now: () => number;
}): AuthenticateDelegate {
  const { enrolments, endpoint, usedAssertions, now } = options;

  return async (assertion, { thumbprint }) => {
    const enrolment = await enrolments.find(claimedSubject(assertion));
    if (enrolment === undefined) throw new ClientAssertionError("the delegate is not enrolled");
    const { jti, exp, cnf } = await verify(assertion, enrolment);
    if (typeof jti !== "string" || jti === "" || jti.length > 100)
      throw new ClientAssertionError("jti is not a valid id");
    if (exp! > now() + MAX_AGE_SECONDS + CLOCK_SKEW_SECONDS)
      throw new ClientAssertionError("exp is too far in the future");
    if ((cnf as { jkt?: unknown } | undefined)?.jkt !== thumbprint) {
      throw new ClientAssertionError("the assertion names a key other than the one that signed the request");
    }
    const isNew = await usedAssertions.putIfAbsent(JSON.stringify([enrolment.sub, jti]), {
      owner: enrolment.sub,
      quota: "own",
      ttlSeconds: MAX_AGE_SECONDS + 2 * CLOCK_SKEW_SECONDS,
    });
    if (isNew === "full")
      throw new ClientAssertionError("the delegate has used too many assertions in a minute");
    if (!isNew) throw new ClientAssertionError("the assertion has been used before");
    return enrolment;
  };

  async function verify(assertion: string, { sub, jwk }: Enrolment) {
    try {
      const key = await importJWK(jwk, "EdDSA");
      const { payload } = await jwtVerify(assertion, key, {
        algorithms: ["EdDSA"],
        typ: "client-authentication+jwt",
        issuer: sub,
        subject: sub,
        audience: endpoint,
        requiredClaims: ["exp", "iat", "jti"],
        maxTokenAge: MAX_AGE_SECONDS,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: new Date(now() * 1000),
      });
      return payload;
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unreadable";
      throw new ClientAssertionError(reason, { cause: error });
    }
  }
}

/** The delegate that the assertion names. Unproven until its key verifies the assertion. */
function claimedSubject(assertion: string): string {
  try {
    return decodeJwt(assertion).sub ?? "";
  } catch (error) {
    throw new ClientAssertionError("not a JWT", { cause: error });
  }
}
