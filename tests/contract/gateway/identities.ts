/**
 * Callers of the contract. Each identity signs one request (or leaves it unsigned) and states the
 * result that a gateway must reach; the oracle in `expectation.ts` derives the answer. Nothing here
 * depends on how the gateway works.
 */

import {
  type AAuthErrorCode,
  generateSigningKey,
  type SignatureKeyScheme,
  type SigningKey,
  signRequest,
} from "aauth";
import { february2026, february2026Tokens } from "aauth/february-2026";
import { tokenSignerOf } from "aauth/server";
import type { TestDiscovery } from "aauth/testing";
import { createTestDiscovery } from "../../../packages/aauth/test/february-2026/parties.ts";

export const BACKEND = "http://backend.localhost:8000";
export const UNKNOWN_AGENT = "http://unknown-agent.localhost:8001";
export const ISSUER = "http://localhost:8080/realms/aauth-test";
export const EVIL_ISSUER = "http://evil.localhost:6666";
/** Its document names a key set in a private network. */
const POINTING_INSIDE = "http://inside.localhost:6667";
export const SCOPE = "supply-chain:optimize";

/** Result of the check for an identity. */
export type Standing =
  | { readonly kind: "unsigned" }
  /** A valid signature by an unpublished key. */
  | { readonly kind: "pseudonymous" }
  | {
      readonly kind: "proven";
      readonly agent: string;
      readonly token?: { readonly kind: "agent" | "auth"; readonly scope?: string };
    }
  | { readonly kind: "broken"; readonly code: AAuthErrorCode; readonly agentAuth?: string };

export interface OutgoingRequest {
  readonly method: string;
  /** Identifier of the called resource. */
  readonly resource: string;
  readonly target: string;
  readonly body: string | undefined;
}

export interface Identity {
  readonly name: string;
  readonly standing: Standing;
  /** Header fields to send with the request. */
  headersFor(request: OutgoingRequest): Promise<Record<string, string>>;
}

type Headers = Record<string, string>;

/** All identities, and the discovery in which their keys are published. */
export async function createIdentities(): Promise<{ identities: Identity[]; discovery: TestDiscovery }> {
  const backendKey = await generateSigningKey({ kid: "backend-ephemeral-1" });
  const unknownKey = await generateSigningKey({ kid: "backend-ephemeral-1" });
  const issuerKey = await generateSigningKey({ kid: "realm-1" });
  const evilKey = await generateSigningKey({ kid: "realm-1" });
  const discovery = createTestDiscovery({
    agents: { [BACKEND]: [backendKey.publicJwk], [UNKNOWN_AGENT]: [unknownKey.publicJwk] },
    issuers: { [ISSUER]: { keys: [issuerKey.publicJwk] }, [EVIL_ISSUER]: { keys: [evilKey.publicJwk] } },
    documents: {
      [`${POINTING_INSIDE}/.well-known/aauth-agent`]: {
        agent: POINTING_INSIDE,
        jwks_uri: "http://169.254.169.254/jwks.json",
      },
    },
  });

  const jwks = (id: string): SignatureKeyScheme => ({ scheme: "jwks", id });
  const sign = async (
    request: OutgoingRequest,
    signatureKey: SignatureKeyScheme,
    key: SigningKey = backendKey,
    more: { now?: () => number } = {},
  ): Promise<Headers> => {
    const { method, resource, target, body } = request;
    const content: Headers = body === undefined ? {} : { "content-type": "application/json" };
    const signed = await signRequest(
      {
        method,
        url: `${resource}${target}`,
        headers: content,
        ...(body !== undefined && { body: Buffer.from(body) }),
      },
      { profile: february2026, key, signatureKey, ...more },
    );
    return { ...content, ...signed.headers };
  };
  const token = async (
    resource: string,
    more: Partial<Parameters<typeof february2026Tokens.issueAuthToken>[0]> = {},
    key = issuerKey,
  ) =>
    (
      await february2026Tokens.issueAuthToken({
        signer: tokenSignerOf(key),
        issuer: ISSUER,
        audience: resource,
        agent: BACKEND,
        confirmationKey: backendKey.publicJwk,
        scope: `openid ${SCOPE}`,
        ...more,
      })
    ).token;
  const withToken =
    (more: Partial<Parameters<typeof february2026Tokens.issueAuthToken>[0]> = {}, key?: SigningKey) =>
    async (request: OutgoingRequest) =>
      sign(request, { scheme: "jwt", jwt: await token(request.resource, more, key) });
  const seconds = () => Math.floor(Date.now() / 1000);

  const proven = (agent: string, more: object = {}): Standing => ({ kind: "proven", agent, ...more });
  const broken = (code: AAuthErrorCode, agentAuth?: string): Standing => ({
    kind: "broken",
    code,
    ...(agentAuth && { agentAuth }),
  });
  const change = (edit: (headers: Headers) => Headers) => async (request: OutgoingRequest) =>
    edit(await sign(request, jwks(BACKEND)));
  const without = (...names: string[]) =>
    change((headers) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name))),
    );

  const list: [name: string, standing: Standing, headersFor: Identity["headersFor"]][] = [
    [
      "unsigned",
      { kind: "unsigned" },
      async ({ body }) => (body === undefined ? {} : { "content-type": "application/json" }),
    ],
    ["hwk", { kind: "pseudonymous" }, (request) => sign(request, { scheme: "hwk" })],
    ["the backend", proven(BACKEND), (request) => sign(request, jwks(BACKEND))],
    ["an unknown agent", proven(UNKNOWN_AGENT), (request) => sign(request, jwks(UNKNOWN_AGENT), unknownKey)],
    [
      "a delegate of the backend",
      proven(BACKEND, { token: { kind: "agent" } }),
      async (request) => {
        const jwt = await february2026Tokens.issueAgentToken({
          key: backendKey,
          agent: BACKEND,
          delegate: "urn:d:1",
          confirmationKey: backendKey.publicJwk,
        });
        return sign(request, { scheme: "jwt", jwt });
      },
    ],
    [
      "the backend with a token",
      proven(BACKEND, { token: { kind: "auth", scope: `openid ${SCOPE}` } }),
      withToken(),
    ],
    [
      "the backend for a user",
      proven(BACKEND, { token: { kind: "auth", scope: SCOPE } }),
      withToken({ subject: "user-1", scope: SCOPE }),
    ],
    [
      "the backend with an exchanged token",
      proven(BACKEND, { token: { kind: "auth", scope: SCOPE } }),
      withToken({ scope: SCOPE, act: { agent: UNKNOWN_AGENT } }),
    ],
    [
      "a token with another scope",
      proven(BACKEND, { token: { kind: "auth", scope: "other" } }),
      withToken({ scope: "other" }),
    ],
    [
      "a token with a longer scope",
      proven(BACKEND, { token: { kind: "auth", scope: `${SCOPE}-all` } }),
      withToken({ scope: `${SCOPE}-all` }),
    ],
    [
      "a token for an unknown agent",
      proven(UNKNOWN_AGENT, { token: { kind: "auth", scope: SCOPE } }),
      withToken({ agent: UNKNOWN_AGENT }),
    ],
    [
      "G2: a token for another resource",
      broken("token_audience_mismatch"),
      withToken({ audience: "http://other.localhost:3000" }),
    ],
    [
      "G1: a token of another issuer",
      broken("untrusted_issuer"),
      withToken({ issuer: EVIL_ISSUER }, evilKey),
    ],
    ["G1: a token signed by another issuer", broken("invalid_token_signature"), withToken({}, evilKey)],
    [
      "G2: an expired token",
      broken("token_expired", "httpsig; identity=?1"),
      // Expired by a second: there is no leeway.
      withToken({ now: () => seconds() - 301 }),
    ],
    [
      "G2: a token without an end",
      broken("token_claim_missing"),
      async (request) => {
        const claims = {
          iss: ISSUER,
          aud: request.resource,
          agent: BACKEND,
          iat: seconds(),
          cnf: { jwk: backendKey.publicJwk },
        };
        const jwt = await signedText({ alg: "EdDSA", kid: "realm-1", typ: "auth+jwt" }, claims, issuerKey);
        return sign(request, { scheme: "jwt", jwt });
      },
    ],
    [
      "a token bound to another key",
      broken("invalid_signature"),
      withToken({ confirmationKey: unknownKey.publicJwk }),
    ],
    [
      "an agent that cannot be found",
      broken("discovery_failed"),
      (request) => sign(request, jwks("http://absent.localhost:1")),
    ],
    [
      "G4: an identifier that may not be fetched",
      broken("discovery_failed"),
      (request) => sign(request, jwks("http://169.254.169.254")),
    ],
    [
      "G4: an agent whose key set may not be fetched",
      broken("discovery_failed"),
      (request) => sign(request, jwks(POINTING_INSIDE)),
    ],
    [
      "G7: an unknown agent under the backend's name and key id",
      broken("invalid_signature"),
      (request) => sign(request, jwks(BACKEND), unknownKey),
    ],
    [
      "signed for another method",
      broken("invalid_signature"),
      (request) => sign({ ...request, method: "PATCH" }, jwks(BACKEND)),
    ],
    [
      "signed for another path",
      broken("invalid_signature"),
      (request) =>
        sign({ ...request, target: request.target.replace(/^[^?]*/, "/elsewhere") }, jwks(BACKEND)),
    ],
    [
      "G8: signed for another resource",
      broken("invalid_signature"),
      (request) => sign({ ...request, resource: "http://other.localhost:3000" }, jwks(BACKEND)),
    ],
    [
      "signed long ago",
      broken("created_out_of_window"),
      (request) => sign(request, jwks(BACKEND), backendKey, { now: () => seconds() - 90 }),
    ],
    [
      "signed in the future",
      broken("created_out_of_window"),
      (request) => sign(request, jwks(BACKEND), backendKey, { now: () => seconds() + 90 }),
    ],
    ["G10: no signature-key", broken("missing_signature"), without("signature-key")],
    ["G10: no signature-input", broken("missing_signature"), without("signature-input")],
    ["G10: no signature", broken("missing_signature"), without("signature")],
    ["G10: signature-key only", broken("missing_signature"), without("signature-input", "signature")],
    ["G10: signature-input only", broken("missing_signature"), without("signature-key", "signature")],
    ["G10: signature only", broken("missing_signature"), without("signature-key", "signature-input")],
    [
      "G3: a token of no known type",
      broken("token_type_mismatch"),
      async (request) => {
        const claims = {
          iss: BACKEND,
          sub: "urn:d:1",
          exp: seconds() + 60,
          cnf: { jwk: backendKey.publicJwk },
        };
        const jwt = await signedText(
          { alg: "EdDSA", kid: "backend-ephemeral-1", typ: "JWT" },
          claims,
          backendKey,
        );
        return sign(request, { scheme: "jwt", jwt });
      },
    ],
    [
      "G5: only the key is signed",
      broken("insufficient_coverage"),
      async (request) => signedKeyOnly(await sign(request, jwks(BACKEND)), backendKey, seconds()),
    ],
    [
      "an unknown scheme",
      broken("unsupported_scheme"),
      change((headers) => ({
        ...headers,
        "signature-key": 'sig1=(scheme=x509 x5u="https://x.example/pem" x5t="AAAA")',
      })),
    ],
    [
      "two labels",
      broken("label_mismatch"),
      change((headers) => ({ ...headers, signature: headers.signature!.replace("sig1", "sig2") })),
    ],
    [
      "nonsense",
      broken("malformed_signature_key"),
      change((headers) => ({ ...headers, "signature-key": "nonsense" })),
    ],
  ];
  return {
    identities: list.map(([name, standing, headersFor]) => ({ name, standing, headersFor })),
    discovery,
  };
}

/** A JWT with any header and claims. */
async function signedText(header: object, claims: object, key: SigningKey): Promise<string> {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${Buffer.from(await key.sign(Buffer.from(input))).toString("base64url")}`;
}

/**
 * The request under a valid signature that covers only `signature-key`, as the forked gateway
 * required.
 */
async function signedKeyOnly(headers: Headers, key: SigningKey, created: number): Promise<Headers> {
  const params = `("signature-key");created=${created}`;
  const base = `"signature-key": ${headers["signature-key"]}\n"@signature-params": ${params}`;
  const signature = Buffer.from(await key.sign(Buffer.from(base))).toString("base64url");
  return { ...headers, "signature-input": `sig1=${params}`, signature: `sig1=:${signature}:` };
}
