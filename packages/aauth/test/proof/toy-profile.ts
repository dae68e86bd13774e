/**
 * A profile for the proof that nothing outside `profiles/` knows a dialect: draft -11's shape under names of its own. A third token type
 * and level, no agent in the grant, JSON grants at two endpoints, 202 with `Location` and polling, errors in two headers, ES256 beside
 * Ed25519, identifiers without ports, another order of checks.
 *
 * @module
 */

import type { Discovery } from "../../src/discovery/discovery.ts";
import { AAuthAgentError, type AAuthError, AAuthVerificationError } from "../../src/errors.ts";
import { fieldValue } from "../../src/http-signatures/field.ts";
import { formatSignature, parseSignature } from "../../src/http-signatures/signature.ts";
import { parseParameters, splitTopLevel } from "../../src/http-signatures/structured-fields.ts";
import { verificationKey } from "../../src/keys/verification-key.ts";
import type {
  Answer,
  CallerCandidate,
  CallRules,
  CallState,
  CallStep,
  Credential,
  Demand,
  GrantRequest,
  KeyClaim,
  ResolverContext,
  WireProfile,
} from "../../src/profiles/wire-profile.ts";
import {
  checkAudience,
  checkHeader,
  checkTimeShapes,
  confirmationKey,
  isExpired,
  requiredString,
} from "../../src/tokens/claim-checks.ts";
import { decodeJwt, signJwt } from "../../src/tokens/jwt.ts";
import { openToken, type TokenClaims, type TokenRules } from "../../src/tokens/open-token.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import { trusts } from "../../src/tokens/trust.ts";
import type { ProvenCaller, PublicJwk, Requirement, SigningKey, VerificationKey } from "../../src/types.ts";

const LABEL = "toy";
const ALGORITHMS = ["Ed25519", "ES256"] as const;
export const TOY_TYPES = {
  identity: "toy-id+jwt",
  person: "toy-person+jwt",
  resource: "toy-ask+jwt",
  grant: "toy-grant+jwt",
} as const;
const LEVELS = ["agent", "person", "grant"];
const ERROR = "toy-error";
const DEMAND = "toy-requirement";

// ------------------------------------------------------------------------------------------------------------------ tokens

/** Issues any token of the profile. */
export function issueToy(
  type: string,
  key: SigningKey,
  claims: Readonly<Record<string, unknown>> & { readonly cnf?: { readonly jwk: PublicJwk } },
): Promise<string> {
  const { sign, kid } = tokenSignerOf(key);
  const cnf = claims.cnf && { cnf: { jwk: { ...claims.cnf.jwk, kid: undefined } } };
  return signJwt({ alg: key.alg, kid, typ: type }, { ...claims, ...cnf }, sign);
}

function rulesFor(type: string, context: ResolverContext, now: number): TokenRules<TokenClaims> {
  const isIdentity = type === TOY_TYPES.identity;
  return {
    type,
    algorithms: ALGORITHMS,
    keyAlgorithms: ALGORITHMS,
    read({ claims }) {
      checkTimeShapes(claims);
      for (const name of isIdentity ? ["iss", "sub"] : ["iss", "sub", "aud"]) requiredString(claims, name);
      return claims as unknown as TokenClaims;
    },
    judge({ iss, aud, exp }) {
      const { trustedAgents, trustedIssuers, audience } = context;
      const isTrusted = isIdentity
        ? trustedAgents === undefined || trusts(trustedAgents, iss)
        : trustedIssuers.includes(iss);
      if (!isTrusted) throw new AAuthVerificationError("untrusted_issuer", "the issuer is not trusted");
      if (!isIdentity) checkAudience(String(aud), audience ?? "");
      if (isExpired(exp, now)) throw new AAuthVerificationError("token_expired", "the token has expired");
    },
    publishedAt: ({ iss }) => ({ kind: isIdentity ? "provider" : "person-server", id: iss }),
  };
}

// ----------------------------------------------------------------------------------------------------------------- callers

type ToyClaim = KeyClaim & { readonly id?: string; readonly doc?: string; readonly kid?: string };

async function resolveToken(claim: KeyClaim, context: ResolverContext): Promise<CallerCandidate> {
  const { recorder, endpoint, verifiedTokens, discovery, cryptoMode } = context;
  recorder.enter("token");
  const jwt = claim.jwt ?? "";
  const known = verifiedTokens.get(jwt);
  const decoded = known === undefined ? decodeJwt(jwt) : undefined;
  const type = known?.type ?? String(decoded?.header.typ);
  if (!endpoint.tokenTypes.includes(type)) {
    throw new AAuthVerificationError(
      "token_type_mismatch",
      "the token is of a type that is not accepted here",
    );
  }
  const now = context.now();
  const options = { discovery, now, cryptoMode, cache: verifiedTokens };
  const { claims, key } = await openToken(jwt, rulesFor(type, context, now), options, decoded);
  recorder.enter("key");
  recorder.noteKey(key, type);
  return { keys: [key], expired: false, identify: (proven) => callerOf(type, claims, jwt, proven, context) };
}

function callerOf(
  type: string,
  claims: TokenClaims,
  jwt: string,
  { publicJwk: key, thumbprint }: VerificationKey,
  { profile }: ResolverContext,
): ProvenCaller {
  const base = { profile: profile.name, scheme: "jwt", key, thumbprint };
  const sub = String(claims.sub);
  if (type === TOY_TYPES.identity) return { ...base, level: "agent", agent: sub, identityToken: claims };
  const person = { iss: claims.iss, sub };
  if (type === TOY_TYPES.person)
    return { ...base, level: "person", person, identityToken: { ...claims, jwt } };
  const scopes = String(claims.scope ?? "").split(" ");
  return { ...base, level: "grant", person, grant: { scopes, claims, token: jwt } };
}

async function resolveServer(claim: KeyClaim, context: ResolverContext): Promise<CallerCandidate> {
  const { discovery, recorder, cryptoMode } = context;
  const { id = "", doc = "", kid } = claim as ToyClaim;
  recorder.skip("token", "servers show none");
  recorder.enter("key");
  const { jwk, source } = await discovery.key(doc, id, kid);
  const key = await verificationKey(jwk, cryptoMode, ALGORITHMS);
  recorder.noteKey(key, source);
  const base = { profile: context.profile.name, level: "agent", scheme: "jwks_uri" };
  return {
    keys: [key],
    expired: false,
    identify: ({ publicJwk, thumbprint }) => ({ ...base, key: publicJwk, thumbprint, server: id }),
  };
}

// ----------------------------------------------------------------------------------------------------------------- answers

const DEMANDED: Readonly<Record<string, string>> = {
  identity_required: "person-token",
  authorization_required: "grant",
  insufficient_scope: "grant",
};

function refuse(error: AAuthError): Answer {
  const demanded = DEMANDED[error.code];
  return {
    status: error instanceof AAuthVerificationError ? error.status : 500,
    headers: {
      ...(demanded === undefined
        ? { [ERROR]: `error=${error.code}` }
        : { [DEMAND]: `requirement=${demanded}` }),
      "content-type": "application/problem+json",
    },
    body: JSON.stringify({ error: error.code }),
  };
}

// ------------------------------------------------------------------------------------------------------------------- calls

const readDemand: CallRules["readDemand"] = ({ status, field }) => {
  const location = field("location");
  if (status === 202 && location !== null) {
    return { level: "pending", pending: { location, retryAfterSeconds: Number(field("retry-after") ?? 1) } };
  }
  const value = field(DEMAND);
  if (value === null || status !== 401) return undefined;
  const [head = "", ...rest] = splitTopLevel(value, ";");
  const resourceToken = parseParameters(rest, "malformed_challenge").get("resource-token")?.value;
  const level = { "agent-token": "agent", "person-token": "person", grant: "grant" }[
    head.replace("requirement=", "")
  ];
  if (level === undefined) return undefined;
  return { level, ...(typeof resourceToken === "string" && { resourceToken }) };
};

const decide: CallRules["decide"] = (state, outcome) => {
  const met = (state.met ?? []) as readonly string[];
  const then = (next: CallState, step: CallStep) => ({ state: next, step });
  switch (outcome.type) {
    case "started":
      return outcome.token === undefined
        ? then({ met }, { do: "send", as: "identity" })
        : then({ met }, { do: "send", as: "token", token: outcome.token });
    case "obtained":
      return then(state, { do: "send", as: "token", token: outcome.token, reason: "authorization" });
    case "obtain-failed":
      return then(state, { do: "throw", error: outcome.error });
    case "response": {
      const { demand } = outcome;
      if (demand === undefined) return then(state, { do: "answer" });
      if (demand.pending !== undefined) return then(state, { do: "poll", pending: demand.pending });
      if (met.includes(demand.level)) {
        const error = new AAuthAgentError("challenge_repeated", "the resource asks again for the same");
        return then(state, { do: "throw", error, forgets: true });
      }
      return then({ met: [...met, demand.level] }, { do: "obtain", demand, keepsResponse: false });
    }
    default:
      return then(state, { do: "answer" });
  }
};

const checkDemand: CallRules["checkDemand"] = ({ level, resourceToken }: Demand, expected) => {
  const { resource, thumbprint, trustedServers, now } = expected;
  const [own = ""] = trustedServers;
  if (level !== "grant" || resourceToken === undefined) return { server: own, resource, scope: "" };
  try {
    const decoded = decodeJwt(resourceToken);
    checkHeader(decoded, { type: TOY_TYPES.resource, algorithms: ALGORITHMS });
    const { iss, aud, agent_jkt, scope, exp } = decoded.claims;
    if (iss !== resource || agent_jkt !== thumbprint || isExpired(Number(exp), now))
      throw new Error("another's");
    if (!trustedServers.includes(String(aud))) throw new Error("another server");
    return { server: String(aud), resource, resourceToken, scope: String(scope) };
  } catch (cause) {
    throw new AAuthAgentError("challenge_untrusted", "the resource token is not for this agent", { cause });
  }
};

// ----------------------------------------------------------------------------------------------------------------- profile

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

function grantRequest(
  server: string,
  endpoint: string,
  identity: Credential,
  members: Readonly<Record<string, unknown>>,
): GrantRequest {
  return {
    type: endpoint,
    server,
    document: "person-server",
    endpoint: (metadata) => text(metadata[endpoint]),
    contentType: "application/json",
    body: JSON.stringify(members),
    credential: identity,
  };
}

const endpointRules = {
  schemes: ["jwt", "jwks_uri"],
  tokenTypes: [TOY_TYPES.identity, TOY_TYPES.person, TOY_TYPES.grant],
  toleranceSeconds: 60,
  replay: "remember",
} as const;

const components = (hasBody: boolean) => [
  ...["@method", "@authority", "@path", "toy-key"],
  ...(hasBody ? ["content-digest", "content-type"] : []),
];

const readDocument = (document: unknown, id: string) => {
  const members = document as Record<string, unknown>;
  if (members?.issuer !== id) {
    throw new AAuthVerificationError("metadata_mismatch", "the document is another identity's");
  }
  return { ...members, jwks_uri: String(members.jwks_uri) };
};

export const toyProfile: WireProfile = {
  name: "toy",
  documents: {
    isIdentifier: (value) => /^https:\/\/[a-z0-9.-]+$/.test(value),
    refetchCooldownSeconds: 60,
    kinds: {
      provider: { document: { name: "toy-provider.json", read: readDocument } },
      "person-server": { document: { name: "toy-person.json", read: readDocument } },
      resource: { document: { name: "toy-resource.json", read: readDocument } },
    },
  },
  messages: {
    fields: {
      signatureKey: "toy-key",
      signatureInput: "signature-input",
      signature: "signature",
      contentDigest: "content-digest",
      nonce: undefined,
    },
    label: LABEL,
    keyAlgorithms: ALGORITHMS,
    claims: (value) => /^[a-z0-9]+=[a-z_]+(;|$)/.test(value),
    parseKeyClaim(value) {
      const [head = "", ...rest] = splitTopLevel(value, ";");
      const [, label, scheme] = /^([a-z0-9]+)=([a-z_]+)$/.exec(head) ?? [];
      if (label === undefined || scheme === undefined) {
        throw new AAuthVerificationError("malformed_signature_key", "toy-key is not label=scheme;…");
      }
      const parameters = parseParameters(rest, "malformed_signature_key");
      const members = Object.fromEntries(Array.from(parameters, ([name, { value }]) => [name, value]));
      return { label, scheme, ...members };
    },
    formatKeyClaim(credential, key) {
      if (credential.scheme === "jwt") return `${LABEL}=jwt;jwt="${credential.jwt}"`;
      if (credential.scheme !== "jwks_uri") {
        throw new AAuthVerificationError(
          "malformed_signature_key",
          `scheme ${credential.scheme} is not one of this profile`,
        );
      }
      return `${LABEL}=jwks_uri;id="${credential.id}";doc="${credential.document}";kid="${key.kid}"`;
    },
    parseSignature,
    formatSignature: (signature) => formatSignature(LABEL, signature, "sf-binary"),
    demandedComponents: ({ hasBody }) => components(hasBody),
    signedComponents: ({ hasBody }) => components(hasBody),
    bindsBody: true,
    sendsNonce: false,
  },
  verification: {
    checks: [
      { name: "present", section: "toy 1", steps: ["fields", "signature-input", "signature-value"] },
      { name: "covered", section: "toy 2", steps: ["coverage"] },
      { name: "fresh", section: "toy 3", steps: ["freshness"] },
      { name: "scheme", section: "toy 4", steps: ["key-claim", "labels", "scheme"] },
      { name: "token", section: "toy 5", steps: ["caller"] },
      { name: "key", section: "toy 6", steps: [] },
      { name: "signed", section: "toy 7", steps: ["signature"] },
      { name: "once", section: "toy 8", steps: ["replay"] },
      { name: "digest", section: "toy 9", steps: ["body", "expiry"] },
      { name: "allowed", section: "toy 10", steps: ["requirement"] },
    ],
    endpoints: {
      resource: endpointRules,
      token: { ...endpointRules, tokenTypes: [TOY_TYPES.identity] },
      revocation: { ...endpointRules, schemes: ["jwks_uri"] },
    },
    resolvers: { jwt: resolveToken, jwks_uri: resolveServer },
    async claimedJwk(claim: KeyClaim, discovery: Discovery) {
      const { id = "", doc = "", kid, jwt } = claim as ToyClaim;
      if (jwt === undefined) return (await discovery.key(doc, id, kid)).jwk;
      return (decodeJwt(jwt).claims.cnf as { jwk?: unknown } | undefined)?.jwk;
    },
    levels: LEVELS,
    checkRequirement({ level }: Requirement) {
      if (!LEVELS.includes(level))
        throw new TypeError(`requirement.level must be one of ${LEVELS.join(", ")}`);
    },
    unmet(caller, { level, scopes = [] }) {
      if (LEVELS.indexOf(caller.level) < LEVELS.indexOf(level)) {
        const code =
          level === "grant" && caller.level === "person" ? "authorization_required" : "identity_required";
        return new AAuthVerificationError(code, `the route needs a ${level}`, { provenCaller: caller });
      }
      if (scopes.every((scope) => caller.grant?.scopes.includes(scope))) return undefined;
      return new AAuthVerificationError("insufficient_scope", "the grant lacks a scope", {
        provenCaller: caller,
      });
    },
  },
  answers: {
    refuse,
    create: ({ key, resource, authServer, now }) => {
      const resourceToken = async (caller: ProvenCaller, scopes: readonly string[]) => ({
        resourceToken: await issueToy(TOY_TYPES.resource, key(), {
          iss: resource,
          aud: authServer,
          sub: caller.person?.sub,
          agent_jkt: caller.thumbprint,
          scope: scopes.join(" "),
          exp: now() + 300,
        }),
        authServer,
        expiresInSeconds: 300,
      });
      return {
        resourceToken,
        async refuse(error, { requirement }) {
          const plain = refuse(error);
          const { provenCaller } = error as AAuthVerificationError;
          if (provenCaller?.person === undefined || DEMANDED[error.code] !== "grant") return plain;
          const { resourceToken: token } = await resourceToken(provenCaller, requirement.scopes ?? []);
          return {
            ...plain,
            headers: { ...plain.headers, [DEMAND]: `requirement=grant; resource-token="${token}"` },
          };
        },
        limitReached: (_caller, { retryAfterSeconds }) => ({
          status: 429,
          headers: { "retry-after": String(retryAfterSeconds) },
          body: "",
        }),
      };
    },
  },
  calls: { returnParameter: "callback", readDemand, checkDemand, decide },
  grants: {
    forDemand: ({ server, resource, resourceToken }, { identity, presented }) =>
      resourceToken === undefined
        ? grantRequest(server, "person_endpoint", identity, { resource })
        : grantRequest(server, "grant_endpoint", identity, {
            resource_token: resourceToken,
            presented_token: presented,
          }),
    refresh: undefined,
    code: undefined,
    own: undefined,
    revoke: undefined,
    offer: undefined,
    read({ status, members, field }) {
      const location = field("location");
      if (status === 202 && location !== null) {
        return {
          type: "pending",
          pending: { location, retryAfterSeconds: Number(field("retry-after") ?? 1) },
        };
      }
      const token = text(members?.person_token) ?? text(members?.grant_token);
      if (status !== 200 || token === undefined) {
        throw new AAuthAgentError("token_request_refused", `refused with ${String(members?.error)}`);
      }
      return { type: "granted", token, expiresInSeconds: Number(members?.expires_in) };
    },
    async check(token, { server, resource, thumbprint }) {
      const { header, claims } = decodeJwt(token);
      const { exp } = checkTimeShapes(claims);
      const isOurs = [TOY_TYPES.person, TOY_TYPES.grant].some((type) => type === header.typ);
      const key = await confirmationKey(claims, ALGORITHMS);
      if (!isOurs || claims.iss !== server || claims.aud !== resource || key.thumbprint !== thumbprint) {
        throw new AAuthAgentError("token_request_failed", "the token is another's");
      }
      return { claims, exp };
    },
    consentUrl: () => undefined,
  },
};

export const demandOf = (headers: Readonly<Record<string, string>>) => fieldValue(headers, DEMAND);
export const errorOf = (headers: Readonly<Record<string, string>>) => fieldValue(headers, ERROR);
