/**
 * A profile for the proof that nothing outside of its folder knows a dialect: draft -11's shape under names of its own. A third token type
 * and level, no agent in the grant, JSON grants at two endpoints, 202 with `Location` and polling, errors in two headers, ES256 beside
 * Ed25519, identifiers without ports, another order of checks.
 *
 * @module
 */

import type { Discovery, DiscoveryKind } from "../../src/discovery/discovery.ts";
import {
  AAuthAgentError,
  type AAuthError,
  type AAuthErrorCode,
  AAuthVerificationError,
  publicRefusal,
  TokenRequestError,
} from "../../src/errors.ts";
import { formatSignature, parseSignature } from "../../src/http-signatures/signature.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { parseParameters, splitTopLevel } from "../../src/http-signatures/structured-fields.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { verificationKey } from "../../src/keys/verification-key.ts";
import type { AnswerOptions, AnswerWriter } from "../../src/profile/answers.ts";
import type { CallRules, CallState, CallStep, Challenge, ResponseHead } from "../../src/profile/calls.ts";
import { resolveToken, tokenResolver, type UnnamedCaller } from "../../src/profile/candidates.ts";
import type { KeyClaim, MessageFacts, MessageRules, SignatureKeyScheme } from "../../src/profile/messages.ts";
import type { Answer } from "../../src/profile/resource-rules.ts";
import type { TokenRequest } from "../../src/profile/token-requests.ts";
import type { CallerCandidate, CallerResolver, ResolverContext } from "../../src/profile/verification.ts";
import type { DeferredResponse } from "../../src/profile/waiting.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import {
  checkAudience,
  checkHeader,
  checkIssuer,
  checkTimeShapes,
  confirmationKey,
  isExpired,
  required,
} from "../../src/tokens/claim-checks.ts";
import { decodeJwt, signJwt } from "../../src/tokens/jwt.ts";
import {
  bySignerKey,
  type TokenClaims,
  type TokenExpectation,
  type TokenSchema,
} from "../../src/tokens/token-schema.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import { trusts } from "../../src/tokens/trust.ts";
import type { ProvenCaller, PublicJwk, Requirement, SigningKey } from "../../src/types.ts";

const LABEL = "toy";
const ALGORITHMS = ["Ed25519", "ES256"] as const;
export const TOY_TYPES = {
  identity: "toy-id+jwt",
  person: "toy-person+jwt",
  resource: "toy-ask+jwt",
  grant: "toy-grant+jwt",
} as const;
const LEVELS = ["agent", "person", "grant"];
export const TOY_ERROR = "toy-error";
export const TOY_DEMAND = "toy-requirement";
const PROVIDER = "provider";
const PERSON_SERVER = "person-server";

const isIdentifier = (value: string) => /^https:\/\/[a-z0-9.-]+$/.test(value);

const kindOf = (kind: string, name: string): DiscoveryKind => ({
  name: kind,
  document: {
    name,
    read(document, id) {
      const members = document as Record<string, unknown>;
      if (members?.issuer !== id) {
        throw refused("metadata_mismatch", "the document is another identity's");
      }
      return { ...members, jwks_uri: String(members.jwks_uri) };
    },
  },
  isIdentifier,
  refetchBurst: 1,
  refetchCooldownSeconds: 60,
});

const KINDS = {
  [PROVIDER]: kindOf(PROVIDER, "toy-provider.json"),
  [PERSON_SERVER]: kindOf(PERSON_SERVER, "toy-person.json"),
  resource: kindOf("resource", "toy-resource.json"),
} as const;

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

interface ToyClaims extends TokenClaims {
  readonly sub: string;
  readonly scope?: string;
  readonly [claim: string]: unknown;
}

/** What a verifier of the profile expects of a token. */
interface ToyExpectation extends TokenExpectation {
  readonly audience: string;
  readonly trustedIssuers: readonly string[];
  readonly trustedAgents: ResolverContext["trustedAgents"];
}

const IDENTITY_TOKEN = schemaOf(TOY_TYPES.identity, KINDS[PROVIDER]);
const PERSON_TOKEN = schemaOf(TOY_TYPES.person, KINDS[PERSON_SERVER]);
const GRANT_TOKEN = schemaOf(TOY_TYPES.grant, KINDS[PERSON_SERVER]);

function schemaOf(type: string, kind: DiscoveryKind): TokenSchema<ToyClaims, ToyExpectation> {
  const isIdentity = kind === KINDS[PROVIDER];
  return {
    type,
    algorithms: ALGORITHMS,
    lifetime: { defaultSeconds: 300 },
    claims: [checkTimeShapes, required("iss"), required("sub"), ...(isIdentity ? [] : [required("aud")])],
    binding: bySignerKey(ALGORITHMS),
    beforeSignature: isIdentity
      ? [({ iss }, expected) => requireTrusted(iss, expected)]
      : [checkIssuer, ({ aud }, expected) => checkAudience({ aud: String(aud) }, expected)],
    afterSignature: [],
    issuedBy: () => kind,
  };
}

function requireTrusted(id: string, { trustedAgents }: Pick<ResolverContext, "trustedAgents">): void {
  if (trustedAgents !== undefined && !trusts(trustedAgents, id)) {
    throw refused("untrusted_agent", "the provider or server is not one of those that may call");
  }
}

const refused = (code: AAuthErrorCode, reason: string) => new AAuthVerificationError(code, reason);

// ----------------------------------------------------------------------------------------------------------------- callers

type ToyClaim = KeyClaim & { readonly id?: string; readonly doc?: string; readonly kid?: string };

const ofToken = (
  schema: typeof IDENTITY_TOKEN,
  identify: (claims: ToyClaims, caller: UnnamedCaller, jwt: string) => ProvenCaller,
) =>
  tokenResolver({
    schema,
    source: schema.type,
    expected: ({ audience = "", trustedIssuers, trustedAgents }, now) => ({
      ...{ audience, trustedIssuers, trustedAgents, now },
    }),
    identify,
  });

const personOf = ({ iss, sub }: ToyClaims) => ({ iss, sub });
const TOKENS = {
  [TOY_TYPES.identity]: ofToken(IDENTITY_TOKEN, (claims, caller) => ({
    ...{ ...caller, level: "agent", agent: claims.sub, identityToken: claims },
  })),
  [TOY_TYPES.person]: ofToken(PERSON_TOKEN, (claims, caller) => ({
    ...{ ...caller, level: "person", person: personOf(claims), identityToken: claims },
  })),
  [TOY_TYPES.grant]: ofToken(GRANT_TOKEN, (claims, caller, token) => ({
    ...{ ...caller, level: "grant", person: personOf(claims) },
    grant: { scopes: String(claims.scope ?? "").split(" "), claims, token },
  })),
};

const resolveTokenOf: CallerResolver = (claim, context) =>
  resolveToken(claim, context, context.endpoint.tokenTypes, TOKENS);

async function resolveServer(claim: KeyClaim, context: ResolverContext): Promise<CallerCandidate> {
  const { discovery, recorder, cryptoMode } = context;
  const { id = "", doc = "", kid } = claim as ToyClaim;
  recorder.skip("token", "servers show none");
  recorder.enter("key");
  // A kind that is not one of ours would be a mistake of this program.
  if (doc !== PROVIDER && doc !== PERSON_SERVER)
    throw refused("unsupported_scheme", "there is no such document");
  requireTrusted(id, context);
  const { jwk, source } = await discovery.key(KINDS[doc], id, kid);
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

const DEMANDED: Readonly<Partial<Record<AAuthErrorCode, string>>> = {
  missing_signature: "agent-token",
  profile_not_accepted: "agent-token",
  identity_required: "person-token",
  token_expired: "person-token",
  authorization_required: "grant",
  insufficient_scope: "grant",
};
const LEVEL_OF: Readonly<Record<string, string>> = {
  "agent-token": "agent",
  "person-token": "person",
  grant: "grant",
};

function refuse(error: AAuthError, parameters = ""): Answer {
  const demanded = DEMANDED[error.code];
  const { code } = publicRefusal(error);
  const status = demanded !== undefined ? 401 : error instanceof AAuthVerificationError ? error.status : 500;
  return {
    status,
    headers: {
      ...(demanded === undefined
        ? { [TOY_ERROR]: `error=${code}` }
        : { [TOY_DEMAND]: `requirement=${demanded}${parameters}` }),
      "content-type": "application/problem+json",
      "cache-control": "no-store",
    },
    body: JSON.stringify({ error: code }),
  };
}

function createAnswers({ key, resource, authServer = "", now }: AnswerOptions): AnswerWriter {
  const expiresInSeconds = 300;
  async function resourceToken({ person, thumbprint }: ProvenCaller, scopes: readonly string[]) {
    const claims = { iss: resource, aud: authServer, sub: person?.sub, agent_jkt: thumbprint };
    const times = { scope: scopes.join(" "), exp: now() + expiresInSeconds };
    const token = await issueToy(TOY_TYPES.resource, key(), { ...claims, ...times });
    return { resourceToken: token, authServer, expiresInSeconds };
  }
  return {
    resourceToken,
    async refuse(error, { requirement }) {
      const { provenCaller } = error as AAuthVerificationError;
      if (provenCaller?.person === undefined || DEMANDED[error.code] !== "grant") return refuse(error);
      const asked = await resourceToken(provenCaller, requirement.scopes ?? []);
      return refuse(error, `; resource-token="${asked.resourceToken}"`);
    },
    limitReached: (_caller, { retryAfterSeconds }) => ({
      status: 429,
      headers: { "retry-after": String(retryAfterSeconds) },
      body: "",
    }),
  };
}

// ------------------------------------------------------------------------------------------------------------------- calls

/** 202 with `Location`: the answer comes later. */
function deferredIn({ status, field }: Pick<ResponseHead, "status" | "field">): DeferredResponse | undefined {
  const location = field("location");
  if (status !== 202 || location === null) return undefined;
  return { location, retryAfterSeconds: Number(field("retry-after") ?? Number.NaN) };
}

const readChallenge: CallRules["readChallenge"] = (response) => {
  const { status, field } = response;
  const deferred = deferredIn(response);
  const value = field(TOY_DEMAND);
  if (value === null || (status !== 401 && deferred === undefined))
    return deferred && { level: "", deferred };
  const [head = "", ...rest] = splitTopLevel(value, ";");
  const level = LEVEL_OF[head.replace("requirement=", "")] ?? "";
  const resourceToken = text(parseParameters(rest, "malformed_challenge").get("resource-token")?.value);
  return { level, ...(resourceToken && { resourceToken }), ...(deferred && { deferred }) };
};

interface State extends CallState {
  /** Levels that have been demanded and shown. */
  readonly met: readonly string[];
  /** The request is held: with the token that it wants, its answer is looked for there. */
  readonly held?: DeferredResponse;
}

const decide: CallRules["decide"] = (before, outcome) => {
  const state = before as State;
  const then = (step: CallStep, next = state) => ({ state: next, step });
  switch (outcome.type) {
    case "started":
      return outcome.token === undefined
        ? then({ do: "send", as: "identity" }, { met: ["agent"] })
        : then({ do: "send", as: "token", token: outcome.token }, { met: [] });
    case "obtained": {
      const { token } = outcome;
      return state.held === undefined
        ? then({ do: "send", as: "token", token, reason: "authorization" })
        : then({ do: "poll", deferred: state.held, token });
    }
    case "obtain-failed":
      return then({ do: "throw", error: outcome.error });
    case "response": {
      const { challenge } = outcome;
      if (challenge === undefined) return then({ do: "answer" });
      const { level, deferred } = challenge;
      if (deferred !== undefined && (level === "" || state.met.includes(level)))
        return then({ do: "poll", deferred });
      if (level === "") return then({ do: "answer" });
      if (state.met.includes(level)) {
        const error = new AAuthAgentError("challenge_repeated", "the resource asks again for the same");
        return then({ do: "throw", error, forgets: true });
      }
      const next = { met: [...state.met, level], ...(deferred && { held: deferred }) };
      return level === "agent"
        ? then({ do: "send", as: "identity", reason: "identity" }, next)
        : then({ do: "obtain", challenge, keepsResponse: false }, next);
    }
    default:
      return then({ do: "answer" });
  }
};

const checkChallenge: CallRules["checkChallenge"] = ({ level, resourceToken }: Challenge, expected) => {
  const { resource, thumbprint, trustedServers, now } = expected;
  const [own = ""] = trustedServers;
  if (level === "person") return { server: own, resource, scope: "" };
  try {
    const decoded = decodeJwt(resourceToken ?? "");
    checkHeader(decoded, { type: TOY_TYPES.resource, algorithms: ALGORITHMS });
    const { iss, aud, agent_jkt, scope, exp } = decoded.claims;
    const isOurs = iss === resource && agent_jkt === thumbprint && !isExpired(Number(exp), now);
    if (!isOurs || !trustedServers.includes(String(aud))) throw new Error("another's");
    return { server: String(aud), resource, resourceToken: resourceToken!, scope: String(scope) };
  } catch (cause) {
    throw new AAuthAgentError("challenge_untrusted", "the resource token is not for this agent", { cause });
  }
};

// ----------------------------------------------------------------------------------------------------------------- profile

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

function grantRequest(
  server: string,
  endpoint: string,
  identity: SignatureKeyScheme,
  members: Readonly<Record<string, unknown>>,
): TokenRequest {
  return {
    type: endpoint,
    server,
    kind: KINDS[PERSON_SERVER],
    endpoint: (metadata) => text(metadata[endpoint]),
    contentType: "application/json",
    body: JSON.stringify(members),
    signatureKey: identity,
  };
}

const endpointRules = {
  schemes: ["jwt", "jwks_uri"],
  tokenTypes: [TOY_TYPES.identity, TOY_TYPES.person, TOY_TYPES.grant],
  toleranceSeconds: 60,
  replay: "remember",
} as const;

const messagesOn = (signatureKey: string): MessageRules => {
  const components = ({ hasBody }: MessageFacts) => [
    ...["@method", "@authority", "@path", signatureKey],
    ...(hasBody ? ["content-digest", "content-type"] : []),
  ];
  return {
    fields: {
      signatureKey,
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
        throw refused("malformed_signature_key", "it is not label=scheme;…");
      }
      const parameters = parseParameters(rest, "malformed_signature_key");
      const members = Object.fromEntries(Array.from(parameters, ([name, { value }]) => [name, value]));
      return { ...members, label, scheme };
    },
    formatKeyClaim(credential, key) {
      if (credential.scheme === "jwt") return `${LABEL}=jwt;jwt="${credential.jwt}"`;
      if (credential.scheme !== "jwks_uri")
        throw refused("malformed_signature_key", "there is no such scheme");
      return `${LABEL}=jwks_uri;id="${credential.id}";doc="${credential.document}";kid="${key.kid}"`;
    },
    parseSignatureInput,
    parseSignature,
    formatSignature: (signature) => formatSignature(LABEL, signature, "sf-binary"),
    demandedComponents: components,
    signedComponents: components,
    bindsBody: true,
    sendsNonce: false,
    endpoints: {
      resource: endpointRules,
      token: { ...endpointRules, tokenTypes: [TOY_TYPES.identity] },
      revocation: { ...endpointRules, schemes: ["jwks_uri"] },
    },
  };
};

/** The profile, with its key in this field. */
const toyOn = (name: string, signatureKey: string): WireProfile => ({
  name,
  documents: {
    isIdentifier,
    isAgentIdentifier: (value) => /^toy:[a-z]+@[a-z0-9.-]+$/.test(value),
    kinds: KINDS,
  },
  messages: messagesOn(signatureKey),
  resource: {
    publish: ({ resource }) => ({
      documents: { "toy-resource.json": { resource } },
      trustedIssuers: [],
      endpoints: [
        {
          ...{ methods: ["POST"], path: "/toy", maxBodyBytes: 8, requirement: { level: "agent" } },
          answer: ({ caller, body }) => ({
            ...{ status: 200, headers: {} },
            body: `${caller.agent} sent ${body?.byteLength} bytes`,
          }),
        },
      ],
    }),
    keySet: toJwks,
    limited: { agent: { countedBy: "owner" } },
    limitedAs: () => "agent",
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
    resolvers: { jwt: resolveTokenOf, jwks_uri: resolveServer },
    async claimedJwk(claim: KeyClaim, discovery: Discovery) {
      const { id = "", doc = "", kid, jwt } = claim as ToyClaim;
      if (jwt === undefined) return (await discovery.key(KINDS[doc as keyof typeof KINDS], id, kid)).jwk;
      return (decodeJwt(jwt).claims.cnf as { jwk?: unknown } | undefined)?.jwk;
    },
    levels: LEVELS,
    validateRequirement({ level }: Requirement) {
      if (!LEVELS.includes(level))
        throw new TypeError(`requirement.level must be one of ${LEVELS.join(", ")}`);
    },
    unmet(caller, { level, scopes = [] }) {
      const { level: proven, grant } = caller;
      if (LEVELS.indexOf(proven) < LEVELS.indexOf(level)) {
        const code = proven === "person" ? "authorization_required" : "identity_required";
        return new AAuthVerificationError(code, `the route needs a ${level}`, { provenCaller: caller });
      }
      if (scopes.every((scope) => grant?.scopes.includes(scope))) return undefined;
      return new AAuthVerificationError("insufficient_scope", "the grant lacks a scope", {
        provenCaller: caller,
      });
    },
  },
  answers: { refuse: (error) => refuse(error), create: createAnswers },
  calls: { readChallenge, checkChallenge, decide },
  display: { answerFields: {}, tokenSections: {} },
  tokenRequests: {
    request: ({ server, resource, resourceToken }, { identity, presented }) =>
      resourceToken === undefined
        ? grantRequest(server, "person_endpoint", identity, { resource })
        : grantRequest(server, "grant_endpoint", identity, {
            resource_token: resourceToken,
            presented_token: presented,
          }),
    read(response) {
      const deferred = deferredIn(response);
      if (deferred !== undefined) return { type: "deferred", deferred };
      const { status, members } = response;
      const token = text(members?.person_token) ?? text(members?.grant_token);
      if (status !== 200 || token === undefined)
        throw new TokenRequestError(String(members?.error), "", status);
      return { type: "granted", token, expiresInSeconds: Number(members?.expires_in) };
    },
    async check(token, { server, resource, thumbprint, now }) {
      const { header, claims } = decodeJwt(token);
      const { exp } = checkTimeShapes(claims);
      const key = await confirmationKey(claims, ALGORITHMS);
      const isOurs = header.typ === TOY_TYPES.person || header.typ === TOY_TYPES.grant;
      const isBound = claims.aud === resource && key.thumbprint === thumbprint;
      if (!isOurs || !isBound || claims.iss !== server || isExpired(exp, now)) {
        throw new AAuthAgentError("token_request_failed", "the token is another's");
      }
      return { claims, exp };
    },
  },
});

export const toyProfile = toyOn("toy", "toy-key");
/** In the field that February 2026 uses, too: told apart by the shape of its value alone. */
export const toyOnSharedField = toyOn("toy-shared", "signature-key");
