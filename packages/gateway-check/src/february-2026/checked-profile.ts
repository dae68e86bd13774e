import { AAuthVerificationError, createDiscovery, publicRefusal, type VerifiedRequest } from "aauth";
import { february2026Published, february2026Resource, february2026 as wire } from "aauth/february-2026";
import { plainRefusal } from "aauth/resource";
import {
  acceptedAtRoute,
  acceptedFromPeers,
  publishedPeerHint,
  warnOfPublishedPeers,
} from "agent-kit/february-2026";
import { issuerOf } from "agent-kit/settings";
import type { RequiredScheme } from "../check-settings.ts";
import { type CheckedProfile, ownClaims, type Refusal, refusedBy, TEXT } from "../checked-profile.ts";

/** Requirement in a refusal at the gateway: an identified caller. */
const IDENTIFIED = { level: "identified" } as const;

const COVERABLE: readonly unknown[] = [...Object.values(wire.messages.fields), "content-type"];

/** The profile of February 2026. */
export const february2026: CheckedProfile = {
  wire,
  isCoverable: (name) => COVERABLE.includes(name),
  resources: ({ resources }) => resources,
  // A resource whose own identity is http can only be one in development, and so are its peers.
  createDiscovery: ({ resources }, options) =>
    createDiscovery({ ...options, development: resources.every((id) => id.startsWith("http:")) }),
  trust(config, audience) {
    const authServer = issuerOf(config);
    // A resource that is a published peer itself can only read the published demo's dialect.
    if (config.publishedPeers.includes(audience))
      return { profile: february2026Resource({ authServer, dialect: february2026Published }) };
    return {
      profile: february2026Resource({ authServer }),
      accept: acceptedFromPeers(config, authServer),
    };
  },
  revokers: () => [],
  warnAtStart: warnOfPublishedPeers,
  async judge({ request, requiredScheme }, resource, config) {
    // The body is not here. That the digest is covered is proven, so that the agent's own
    // comparison counts. Passed on because a caller below the level must not use up memory of
    // nonces.
    const level = requiredScheme === "hwk" ? "pseudonymous" : "identified";
    const pending = await resource.verifier().begin(request, acceptedAtRoute({ level }, config));
    const verified = await pending.complete(undefined);
    requireScheme(verified, requiredScheme);
    return verified;
  },
  minimum: () => IDENTIFIED,
  claims: ({ scheme, agent, delegate, grant, identityToken }) => ({
    scheme: `${scheme[0]!.toUpperCase()}${scheme.slice(1)}`,
    ...(agent !== undefined && { agent }),
    ...(delegate !== undefined && { agent_delegate: delegate }),
    ...(grant !== undefined && { jwt_claims: grant.claims }),
    ...(grant === undefined && identityToken && { jwt_claims: ownClaims(identityToken) }),
  }),
  refusal(error) {
    if (error.code === "identity_required" || error.code === "authorization_required")
      return belowScheme(error);
    const { status, headers } = plainRefusal(error, IDENTIFIED, [wire]);
    const { code, message } = publicRefusal(error);
    const hint = publishedPeerHint(error);
    const body = `AAuth failure: AAuth verification failed: ${code}: ${message}${hint ? `; ${hint}` : ""}`;
    return { status, headers: { ...headers, ...TEXT, ...refusedBy(error) }, body, code: error.code, hint };
  },
};

/**
 * A route of scheme jwt wants an auth token. Nothing has failed so far for a proven caller without
 * one: in its report the requirement, the last check, has.
 */
function requireScheme({ caller, report }: VerifiedRequest, required: RequiredScheme): void {
  if (required !== "jwt" || caller.grant !== undefined) return;
  const reason = "the route's scheme asks for more than the caller has proven";
  const checks = report.checks.map((check) =>
    check.name === "requirement" ? { ...check, verdict: "failed" as const, reason } : check,
  );
  throw new AAuthVerificationError("authorization_required", reason, {
    report: { ...report, checks },
    ...(caller.agent !== undefined && { provenCaller: caller }),
  });
}

/**
 * The refusal of a proven caller below the route's scheme. A route of scheme jwt wants an auth
 * token; it is the agent behind the gateway that could issue the resource token to get one, so the
 * challenge for an identity is all there is to say here.
 */
function belowScheme(error: AAuthVerificationError): Refusal {
  const asked = new AAuthVerificationError("identity_required", error.message);
  const refusal = plainRefusal(asked, IDENTIFIED, [wire]);
  const { status } = refusal;
  const { "content-type": _, ...headers } = refusal.headers;
  const own = { ...headers, ...refusedBy(error, { section: wire.sectionOf(error.code) }) };
  return { status, headers: own, body: "", code: error.code };
}
