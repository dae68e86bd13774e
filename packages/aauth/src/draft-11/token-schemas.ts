/**
 * The four types of token (draft -11, sections 5.3, 6.7, 7.1, 9.4 and 11.5). `typ` is checked
 * first, because person and auth tokens differ in little else.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { isNonEmptyString } from "../json-guards.ts";
import type { RevocationCheck } from "../profile/verification.ts";
import {
  type ClaimRule,
  type ClaimShape,
  checkAudience,
  checkExpiry,
  checkIssuer,
  checkIssuerIfListed,
  checkNotBefore,
  checkThumbprint,
  checkTimeShapes,
  confirmationJwk,
  forbidden,
  isScope,
  livesAtMost,
  optional,
  required,
} from "../tokens/claim-checks.ts";
import {
  bySignerKey,
  byThumbprint,
  type TokenExpectation,
  type TokenSchema,
} from "../tokens/token-schema.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type {
  AgentTokenClaims,
  AuthTokenClaims,
  CommonClaims,
  PersonTokenClaims,
  ResourceTokenClaims,
} from "./claims.ts";
import { documents } from "./documents.ts";
import { isEndpointUrl, isServerIdentifier, parseAgentIdentifier } from "./identifiers.ts";
import { requireFullySpecified } from "./keys.ts";
import {
  AGENT_TOKEN_SECONDS,
  ALGORITHMS,
  DOCUMENTS,
  type DocumentKind,
  TOKEN_TYPES,
  WINDOW_SECONDS,
} from "./names.ts";

// ------------------------------------------------------------------------------------------ shapes

const isServer: ClaimShape = (value) => isNonEmptyString(value) && isServerIdentifier(value);

/** Rules for the claims of every token. `kinds` are the kinds of party that may issue it. */
function commonClaims(...kinds: readonly DocumentKind[]): readonly ClaimRule[] {
  const names: readonly unknown[] = kinds.map((kind) => DOCUMENTS[kind]);
  return [
    required("iss", isServer),
    required("dwk", (value) => names.includes(value), names.join(" or ")),
    required("jti"),
    checkTimeShapes,
    required("iat", () => true),
  ];
}

/** A provider may only name agents and parents at its own domain (section 5.1). */
const isAgentOfIssuer: ClaimShape = (value, { iss }) => {
  const agent = isNonEmptyString(value) ? parseAgentIdentifier(value) : undefined;
  if (agent === undefined || `https://${agent.domain}` !== iss) return false; // hole T2
  return true;
};

/** A person server must name itself in the auth tokens that it issues. */
const isPersonServer: ClaimShape = (value, claims) => {
  if (claims.dwk === DOCUMENTS.person && value !== claims.iss) return false; // hole T16
  return isServer(value, claims);
};

/** One recipient, as a string or a list of one. */
const isOneServer: ClaimShape = (value, claims) =>
  isServer(Array.isArray(value) && value.length === 1 ? value[0] : value, claims);

const isInteraction: ClaimShape = (value) => {
  const { url, code } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isEndpointUrl(url) && isNonEmptyString(code);
};

const requireNamedAlgorithm: ClaimRule = (claims) => requireFullySpecified(confirmationJwk(claims));

// ------------------------------------------------------------------------------------- comparisons

interface Expectation extends TokenExpectation {
  /** Called after the signature has verified. Default: no token is revoked. */
  readonly isRevoked?: RevocationCheck | undefined;
}

export interface AgentTokenExpectation extends Expectation {
  /** Accepted agent providers. Default: any that discovery can reach. */
  readonly trustedIssuers?: TrustPolicy | undefined;
}

/** Expectation for person and auth tokens. */
export interface RecipientExpectation extends Expectation {
  /** Server identifier of the recipient. */
  readonly audience: string;
  /**
   * Trusted person and access servers. A token of any other server is refused before anything is
   * fetched.
   */
  readonly trustedIssuers: TrustPolicy;
}

export interface ResourceTokenExpectation extends Expectation {
  /** Server identifier of the person server or access server that redeems the token. */
  readonly audience: string;
  /** Thumbprint of the key that signed the token request, or of the sub-agent's key. */
  readonly agentJkt: string;
  /**
   * Server identifier of the person server that the token must name: the verifier itself, or, at an
   * access server, the server that signed the request.
   */
  readonly personServer: string;
}

const checkStart = checkNotBefore(WINDOW_SECONDS);

/**
 * Refuses a token from the future, and an expired one. Expiry has no tolerance, and is checked
 * after everything else.
 *
 * @throws AAuthVerificationError `token_expired`, `token_not_yet_valid`
 */
export function checkTimes(claims: CommonClaims, expected: TokenExpectation): void {
  checkStart(claims, expected);
  checkExpiry(claims, expected);
}

/** @throws AAuthVerificationError `token_revoked`, `revocation_unknown` */
function checkNotRevoked(
  claims: CommonClaims,
  { isRevoked }: Expectation,
  type: string,
): Promise<void> | void {
  if (isRevoked !== undefined) return requireNotRevoked(claims, isRevoked, type);
}

async function requireNotRevoked(
  { iss, jti, iat, exp }: CommonClaims,
  isRevoked: RevocationCheck,
  type: string,
): Promise<void> {
  const named = { type, iss, jti, exp, ...(type !== TOKEN_TYPES.agent && { iat }) };
  if ((await isRevoked(named)) === false) return;
  throw new AAuthVerificationError("token_revoked", "the token's issuer has revoked it", { claim: "jti" });
}

function checkPersonServer({ ps }: ResourceTokenClaims, { personServer }: ResourceTokenExpectation): void {
  if (ps !== personServer) throw presentedMismatch("ps");
}

/**
 * The error of a resource token that names another token, person server, person, tenant or mission
 * than the presented token.
 */
export const presentedMismatch = (claim: string): AAuthVerificationError =>
  new AAuthVerificationError(
    "presented_token_mismatch",
    `the resource token's ${claim} does not match the presented token`,
    { claim },
  );

// ----------------------------------------------------------------------------------------- schemas

const KIND_OF = Object.fromEntries(Object.values(documents.kinds).map((kind) => [kind.document.name, kind]));

const COMMON = {
  algorithms: ALGORITHMS,
  needsKeyId: true,
  issuedBy: ({ dwk }: CommonClaims) => KIND_OF[dwk]!,
  requireIssuerKey: requireFullySpecified,
  afterSignature: [
    checkTimes,
    checkNotRevoked, // hole T5
  ],
} as const;

const ONE_HOUR = { defaultSeconds: 3_600, maxSeconds: 3_600 };

/** Person and auth tokens have one recipient and a lifetime of at most an hour (section 11.5.2). */
const FOR_RESOURCE = {
  ...COMMON,
  lifetime: ONE_HOUR,
  hasOneRecipient: true,
  binding: bySignerKey(ALGORITHMS),
  beforeSignature: [
    checkIssuer, // hole T10
    checkAudience, // hole T10
  ],
} as const;

/** `aa-agent+jwt` (section 5.3). */
export const AGENT_TOKEN: TokenSchema<AgentTokenClaims, AgentTokenExpectation> = {
  ...COMMON,
  type: TOKEN_TYPES.agent,
  lifetime: { defaultSeconds: AGENT_TOKEN_SECONDS, maxSeconds: 86_400 },
  claims: [
    ...commonClaims("agent"),
    required("sub", isAgentOfIssuer),
    optional("parent_agent", isAgentOfIssuer),
    optional("ps", isServer),
    requireNamedAlgorithm,
  ],
  binding: bySignerKey(ALGORITHMS),
  beforeSignature: [checkIssuerIfListed],
};

/**
 * `aa-person+jwt` (section 7.1.1). A scope is forbidden, because it would make the token look like
 * an auth token.
 */
export const PERSON_TOKEN: TokenSchema<PersonTokenClaims, RecipientExpectation> = {
  ...FOR_RESOURCE,
  type: TOKEN_TYPES.person,
  claims: [
    ...commonClaims("person"),
    livesAtMost(ONE_HOUR.maxSeconds),
    required("sub"),
    forbidden("scope"), // hole T16
    forbidden("account"), // hole T16
    optional("tenant"),
    optional("mission_s256"),
    requireNamedAlgorithm,
    required("aud", isOneServer),
  ],
};

/** `aa-auth+jwt` (section 9.4.1). */
export const AUTH_TOKEN: TokenSchema<AuthTokenClaims, RecipientExpectation> = {
  ...FOR_RESOURCE,
  type: TOKEN_TYPES.auth,
  claims: [
    ...commonClaims("person", "access"),
    livesAtMost(ONE_HOUR.maxSeconds),
    required("sub"),
    required("ps", isPersonServer),
    optional("scope", isScope),
    optional("account"),
    optional("tenant"),
    optional("mission_s256"),
    requireNamedAlgorithm,
    required("aud", isOneServer),
  ],
};

/** `aa-resource+jwt` (section 6.7.1). */
export const RESOURCE_TOKEN: TokenSchema<ResourceTokenClaims, ResourceTokenExpectation, undefined> = {
  ...COMMON,
  type: TOKEN_TYPES.resource,
  lifetime: { defaultSeconds: 300, maxSeconds: 300 },
  claims: [
    ...commonClaims("resource"),
    required("ps", isServer),
    required("sub"),
    required("presented_jti"),
    required("agent_jkt"),
    optional("scope", isScope),
    optional("account"),
    optional("tenant"),
    optional("mission_s256"),
    optional("login_hint"),
    optional("interaction", isInteraction),
    required("aud", isOneServer),
  ],
  hasOneRecipient: true,
  binding: byThumbprint,
  beforeSignature: [
    checkAudience, // hole T8
    checkThumbprint, // hole T7
    checkPersonServer,
  ],
};
