import { AAuthVerificationError } from "../../src/errors.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { createTestParties } from "../../src/february-2026/testing/test-parties.ts";
import { formatSignature } from "../../src/http-signatures/signature.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { rebuildSignatureBase } from "../../src/http-signatures/verify-signature.ts";
import type { AddressedRequest, Verifier } from "../../src/resource/types.ts";
import type { SignedRequestOptions, TestRequest } from "../../src/testing/signed-request.ts";
import { signedRequest } from "../../src/testing/signed-request.ts";
import type { Requirement, SigningKey } from "../../src/types.ts";

export const parties = await createTestParties();
export const URL_ROOT = `${parties.resource.id}/`;
export const AUTHORITY = "supply-chain-agent.localhost:3000";
export const SCOPES: Requirement = { level: "authorized", scopes: ["supply-chain:optimize"] };

/** A request of the demo's backend, scheme jwks unless something else is said. */
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

/**
 * Signs anything at all: for requests that no honest signer would make. Covers what `components`
 * says, with `parameters` after the list.
 */
export async function signBadly(options: {
  key?: SigningKey;
  label?: string;
  signatureKey: string;
  components?: readonly string[];
  parameters?: string;
  method?: string;
  target?: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
}): Promise<TestRequest> {
  const label = options.label ?? "sig1";
  const components = options.components ?? ["@method", "@authority", "@path", "signature-key"];
  const list = components.map((name) => `"${name}"`).join(" ");
  const input = `${label}=(${list})${options.parameters ?? `;created=${parties.clock.now()}`}`;
  const headers: Record<string, string> = {
    ...options.headers,
    "signature-key": options.signatureKey,
    "signature-input": input,
  };
  const request: AddressedRequest = {
    method: options.method ?? "GET",
    target: options.target ?? "/",
    headers,
  };
  const base = rebuildSignatureBase(request, AUTHORITY, parseSignatureInput(input));
  const key = options.key ?? parties.agent.key;
  headers.signature = formatSignature(label, await key.sign(new TextEncoder().encode(base)));
  return {
    method: request.method,
    target: request.target,
    headers,
    authority: AUTHORITY,
    body: options.body,
  };
}

export const HWK = `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${parties.agent.key.publicJwk.x}")`;
export const JWKS = `sig1=(scheme=jwks id="${parties.agent.id}" kid="${parties.agent.key.kid}")`;

/**
 * The error that a verifier refuses with; anything but an AAuthVerificationError fails the test.
 */
export async function refusal(
  verifier: Verifier,
  request: TestRequest,
  requirement?: Requirement,
): Promise<AAuthVerificationError> {
  try {
    await (requirement === undefined
      ? verifier.verifyRequest(request)
      : verifier.verifyRequest(request, requirement));
  } catch (error) {
    if (error instanceof AAuthVerificationError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}
