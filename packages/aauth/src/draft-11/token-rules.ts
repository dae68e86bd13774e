/**
 * How the four tokens are read and judged (draft -11, sections 5.3, 6.7, 7.1, 9.4 and 11.5). `typ` comes first: person and auth tokens differ in little
 * else.
 *
 * @module
 */

import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { RevocationCheck } from "../profile/verification.ts";
import {
  checkAudience,
  checkTimeShapes,
  isExpired,
  malformed,
  missing,
  optionalString,
  requiredString,
} from "../tokens/claim-checks.ts";
import type { DecodedToken } from "../tokens/jwt.ts";
import { openToken, type TokenRules, type VerifiedToken } from "../tokens/open-token.ts";
import type { PublishedKey } from "../tokens/published-key.ts";
import { type TrustPolicy, trusts } from "../tokens/trust.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type {
  AgentTokenClaims,
  AuthTokenClaims,
  CommonClaims,
  PersonTokenClaims,
  ResourceTokenClaims,
} from "./claims.ts";
import { documents } from "./documents.ts";
import { isEndpointUrl, isServerIdentifier, parseAgentIdentifier } from "./identifiers.ts";
import { fullySpecified, requireFullySpecified } from "./keys.ts";
import {
  ALGORITHMS,
  BOUND_TOKEN_MAX_SECONDS,
  DOCUMENTS,
  type DocumentKind,
  TOKEN_TYPES,
  WINDOW_SECONDS,
} from "./names.ts";

type Claims = DecodedToken["claims"];

// ------------------------------------------------------------------------------------------------------------------- shapes

/** The claims of every token, from the parties whose document `kinds` name. */
function readCommon({ header, claims }: DecodedToken, kinds: readonly DocumentKind[]): CommonClaims {
  if (header.kid === undefined) throw missing("kid");
  requireServer(claims, "iss");
  const dwk = requiredString(claims, "dwk");
  const expected = kinds.map((kind) => DOCUMENTS[kind]);
  if (!(expected as readonly string[]).includes(dwk)) {
    throw new AAuthVerificationError(
      "malformed_token",
      "the token's dwk is not the document of such an issuer",
      {
        claim: "dwk",
        expected: expected.join(" or "),
      },
    );
  }
  requiredString(claims, "jti");
  const { iat } = checkTimeShapes(claims);
  if (iat === undefined) throw missing("iat");
  return claims as unknown as CommonClaims;
}

function requireServer(claims: Claims, name: string): string {
  const value = requiredString(claims, name);
  if (!isServerIdentifier(value)) throw malformed(name);
  return value;
}

/** The claims with `aud` as a string: one recipient, also where a list names it. */
function withAudience<Token extends CommonClaims>(claims: Claims): Token {
  const { aud } = claims;
  if (aud === undefined) throw missing("aud");
  const only = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (typeof only !== "string" || !isServerIdentifier(only)) throw malformed("aud");
  return (only === aud ? claims : { ...claims, aud: only }) as unknown as Token;
}

/** `exp` may be an hour after `iat` at most (section 11.5.2). */
function requireShortLife({ iat, exp }: CommonClaims): void {
  if (exp - iat <= BOUND_TOKEN_MAX_SECONDS) return;
  throw new AAuthVerificationError(
    "malformed_token",
    `the token is good for more than ${BOUND_TOKEN_MAX_SECONDS} s`,
    {
      claim: "exp",
    },
  );
}

function requireConfirmation({ cnf }: Claims): void {
  if (cnf === undefined) throw missing("cnf");
  if (typeof cnf !== "object" || cnf === null || !("jwk" in cnf)) throw malformed("cnf");
  requireFullySpecified(cnf.jwk);
}

function optionalStrings(claims: Claims, names: readonly string[]): void {
  for (const name of names) if (!(name === "scope" && claims.scope === "")) optionalString(claims, name);
}

function readAgentClaims(decoded: DecodedToken): AgentTokenClaims {
  const { claims } = decoded;
  const { iss } = readCommon(decoded, ["agent"]);
  // A provider names its own agents only: it is named by the domain of each (section 5.1).
  for (const name of ["sub", ...(claims.parent_agent === undefined ? [] : ["parent_agent"])]) {
    const agent = parseAgentIdentifier(requiredString(claims, name));
    if (agent === undefined || `https://${agent.domain}` !== iss) throw malformed(name); // hole T2
  }
  if (claims.ps !== undefined) requireServer(claims, "ps");
  requireConfirmation(claims);
  return claims as unknown as AgentTokenClaims;
}

function readPersonClaims(decoded: DecodedToken): PersonTokenClaims {
  const { claims } = decoded;
  requireShortLife(readCommon(decoded, ["person"]));
  requiredString(claims, "sub");
  // It says who, never what: with these it could be taken for an auth token (section 7.1.1).
  for (const name of ["scope", "account"]) if (claims[name] !== undefined) throw malformed(name); // hole T16
  optionalStrings(claims, ["tenant", "mission_s256"]);
  requireConfirmation(claims);
  return withAudience(claims);
}

function readAuthClaims(decoded: DecodedToken): AuthTokenClaims {
  const { claims } = decoded;
  const common = readCommon(decoded, ["person", "access"]);
  requireShortLife(common);
  requiredString(claims, "sub");
  const ps = requireServer(claims, "ps");
  if (common.dwk === DOCUMENTS.person && ps !== common.iss) throw malformed("ps"); // hole T16
  optionalStrings(claims, ["scope", "account", "tenant", "mission_s256"]);
  requireConfirmation(claims);
  return withAudience(claims);
}

/** The claims of a resource token in their shape, not yet compared with anything. */
export function readResourceClaims(decoded: DecodedToken): ResourceTokenClaims {
  const { claims } = decoded;
  readCommon(decoded, ["resource"]);
  requireServer(claims, "ps");
  for (const name of ["sub", "presented_jti", "agent_jkt"]) requiredString(claims, name);
  optionalStrings(claims, ["scope", "account", "tenant", "mission_s256", "login_hint"]);
  const { interaction } = claims;
  if (interaction !== undefined) {
    const { url, code } = (interaction ?? {}) as Claims;
    if (!isEndpointUrl(url) || typeof code !== "string" || code === "") throw malformed("interaction");
  }
  return withAudience(claims);
}

// -------------------------------------------------------------------------------------------------------------------- times

/**
 * Refuses a token from the future. Expiry has no tolerance, and counts once everything else is in order.
 *
 * @throws AAuthVerificationError `token_expired`, `token_not_yet_valid`
 */
export function checkTimes({ exp, iat, nbf }: CommonClaims, now: number): void {
  for (const [name, time] of Object.entries({ iat, nbf })) {
    if (typeof time !== "number" || time <= now + WINDOW_SECONDS) continue;
    throw new AAuthVerificationError("token_not_yet_valid", "the token is from the future", { claim: name });
  }
  if (isExpired(exp, now)) {
    throw new AAuthVerificationError("token_expired", "the token has expired", { claim: "exp" });
  }
}

/** @throws AAuthVerificationError `token_revoked`, `revocation_unknown` */
export async function requireNotRevoked(
  type: string,
  { iss, jti, iat, exp }: CommonClaims,
  isRevoked: RevocationCheck | undefined,
): Promise<void> {
  const named = { type, iss, jti, exp, ...(type !== TOKEN_TYPES.agent && { iat }) };
  if (isRevoked === undefined || (await isRevoked(named)) === false) return;
  throw new AAuthVerificationError("token_revoked", "the token's issuer has revoked it", { claim: "jti" });
}

// -------------------------------------------------------------------------------------------------------------------- rules

/** Whose tokens count, and for which recipient. */
export interface Judgement {
  /** Identifier of the recipient; agent tokens name none. */
  readonly audience?: string | undefined;
  /** Issuers that count. Undefined: any that discovery can reach. */
  readonly trustedIssuers: TrustPolicy | undefined;
}

const judge =
  ({ audience, trustedIssuers }: Judgement) =>
  ({ iss, aud }: CommonClaims): void => {
    // hole T10
    if (trustedIssuers !== undefined && !trusts(trustedIssuers, iss)) {
      throw new AAuthVerificationError("untrusted_issuer", "the token's issuer is not trusted", {
        claim: "iss",
      });
    }
    if (audience !== undefined) checkAudience(aud as string, audience); // hole T10
  };

const KIND_OF: Readonly<Record<string, DiscoveryKind>> = Object.fromEntries(
  Object.values(documents.kinds).map((kind) => [kind.document.name, kind]),
);

/** Where the issuer publishes its key: its `dwk` has been read. */
export const publishedAt = ({ iss, dwk }: CommonClaims): Omit<PublishedKey, "kid"> => ({
  kind: KIND_OF[dwk]!,
  id: iss,
});

export const READERS = {
  [TOKEN_TYPES.agent]: readAgentClaims,
  [TOKEN_TYPES.person]: readPersonClaims,
  [TOKEN_TYPES.auth]: readAuthClaims,
} as const;

/** A token with a confirmation key. */
export type BoundTokenType = keyof typeof READERS;
export type BoundTokenClaims<Type extends BoundTokenType> = ReturnType<(typeof READERS)[Type]>;

export const isBoundTokenType = (type: unknown): type is BoundTokenType =>
  typeof type === "string" && Object.hasOwn(READERS, type);

export interface OpenBoundTokenOptions {
  readonly discovery: Discovery;
  readonly now: number;
  readonly isRevoked: RevocationCheck | undefined;
  readonly cryptoMode?: "sync" | "pool" | undefined;
  readonly cache?: VerifiedTokens<VerifiedToken> | undefined;
}

/**
 * Opens a token with a confirmation key: type, shapes, issuer and audience, signature, times, revocation, in this order.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups
 */
export async function openBoundToken<Type extends BoundTokenType>(
  token: string,
  type: Type,
  judgement: Judgement,
  options: OpenBoundTokenOptions,
  decoded?: DecodedToken,
): Promise<VerifiedToken<BoundTokenClaims<Type>>> {
  const rules = {
    type,
    algorithms: ALGORITHMS,
    keyAlgorithms: ALGORITHMS,
    read: READERS[type],
    judge: judge(judgement),
    publishedAt,
  } as unknown as TokenRules<BoundTokenClaims<Type>>;
  const { now, cryptoMode, cache, isRevoked } = options;
  const discovery = fullySpecified(options.discovery);
  const opened = await openToken(token, rules, { discovery, now, cryptoMode, cache }, decoded);
  checkTimes(opened.claims, now);
  await requireNotRevoked(type, opened.claims, isRevoked); // hole T5
  return opened;
}
