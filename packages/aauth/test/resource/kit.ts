import { february2026 } from "../../src/february-2026/profile.ts";
import { formatSignature } from "../../src/http-signatures/signature.ts";
import type { SignedRequestOptions, TestRequest } from "../../src/testing/signed-request.ts";
import { signedRequest } from "../../src/testing/signed-request.ts";
import type { Requirement } from "../../src/types.ts";
import { createTestParties } from "../february-2026/parties.ts";
import { type BadRequest, signBadly as sign } from "../sign-badly.ts";

export { refusal } from "../refusal.ts";

export const parties = await createTestParties();
export const URL_ROOT = `${parties.resource.id}/`;
export const AUTHORITY = "supply-chain-agent.localhost:3000";
export const SCOPES: Requirement = { level: "authorized", scopes: ["supply-chain:optimize"] };

/** A request of the demo's backend, by default with scheme jwks. */
export function requestOf(options: Partial<SignedRequestOptions> = {}): Promise<TestRequest> {
  return signedRequest({
    profile: february2026,
    url: URL_ROOT,
    key: parties.agent.key,
    signatureKey: { scheme: "jwks", id: parties.agent.id },
    now: parties.clock.now,
    ...options,
  });
}

export const signBadly = (request: BadRequest): Promise<TestRequest> =>
  sign(request, {
    key: parties.agent.key,
    label: "sig1",
    authority: AUTHORITY,
    target: "/",
    created: parties.clock.now(),
    formatSignature: (bytes, label) => formatSignature(label, bytes),
  });

export const HWK = `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${parties.agent.key.publicJwk.x}")`;
export const JWKS = `sig1=(scheme=jwks id="${parties.agent.id}" kid="${parties.agent.key.kid}")`;
