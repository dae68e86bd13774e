/**
 * Tokens that come as members of a request: each failure has a code of its own (draft -11, sections 6.7.2, 9.4.5, 10.2 and 11.9.3).
 *
 * @module
 */

import type { AuthTokenClaims, PersonTokenClaims, ResourceTokenClaims } from "../draft-11/claims.ts";
import { TOKEN_TYPES } from "../draft-11/names.ts";
import {
  type OpenedToken,
  verifyAuthToken,
  verifyPersonToken,
  verifyPresentedToken,
  verifyResourceToken,
} from "../draft-11/verify-tokens.ts";
import { AAuthVerificationError, publicRefusal } from "../errors.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import { invalidRequest, Problem } from "./answers.ts";
import type { Dependency, PendingRecord } from "./pending-types.ts";
import type { AskedRequest } from "./types.ts";

export type TokenParameter = "resource" | "presented" | "upstream" | "subagent";
type Members = Readonly<Record<string, unknown>>;
/** What `verify…Token` takes beside the token's own. */
type Common = Omit<Parameters<typeof verifyAuthToken>[1], "audience" | "trustedIssuers">;

const MAX_TOKEN_CHARACTERS = 16_384;

/** @throws Problem `invalid_request` for a value that is no text, or missing where it is required */
export function tokenOf(members: Members, name: string): string | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= MAX_TOKEN_CHARACTERS) return value;
  throw invalidRequest(`${name} must be a token`);
}

export function requiredToken(members: Members, name: string): string {
  return tokenOf(members, name) ?? missing(name);
}

function missing(name: string): never {
  throw invalidRequest(`${name} is required`);
}

/** A resource token and the token that was shown for it, as they came. */
export interface TokenPair {
  readonly resourceToken: string;
  readonly presentedToken: string;
}

export const requiredPair = (members: Members): TokenPair => ({
  resourceToken: requiredToken(members, "resource_token"),
  presentedToken: requiredToken(members, "presented_token"),
});

/** Runs the checks of one token, and says what is wrong with it in the words of its parameter. */
export async function checking<T>(
  parameter: TokenParameter,
  log: (error: unknown) => void,
  check: () => Promise<T>,
): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    const { message } = publicRefusal(error);
    // Both tokens are good, and one has been exchanged.
    if (error.code === "presented_token_mismatch") log(error);
    throw new Problem(...codeOf(error, parameter), message);
  }
}

function codeOf(
  { code }: AAuthVerificationError,
  parameter: TokenParameter,
): [status: number, error: string] {
  switch (code) {
    case "token_expired":
      return [400, `expired_${parameter}_token`];
    case "token_revoked":
      return [400, `revoked_${parameter}_token`];
    case "token_not_yet_valid":
      return [400, "clock_skew"];
    case "presented_token_mismatch":
      return [400, "invalid_resource_token"];
    case "discovery_busy":
      return [503, "server_error"];
    default:
      return [400, `invalid_${parameter}_token`];
  }
}

/** Not yet verified: which server is to redeem a resource token. */
export function audienceOf(resourceToken: string): string {
  const { aud } = decodeJwt(resourceToken).claims;
  return typeof aud === "string" ? aud : String([aud].flat()[0]);
}

/** A {@link TokenPair}, verified together. */
export interface VerifiedPair {
  readonly resource: ResourceTokenClaims;
  readonly presented: OpenedToken<PersonTokenClaims | AuthTokenClaims> & { readonly type: string };
}

/**
 * Verifies a resource token together with the token that the agent had shown (section 6.7.2).
 *
 * @throws Problem with the code of that section
 */
export async function verifyPair(
  tokens: TokenPair,
  expected: {
    readonly audience: string;
    readonly agentJkt: string;
    readonly personServer: string;
    /** Of the presented token. */
    readonly issuers: TrustPolicy;
  },
  options: Common & { readonly log: (error: unknown) => void },
): Promise<VerifiedPair> {
  const { log } = options;
  const { issuers: trustedIssuers, ...own } = expected;
  const resource = await checking("resource", log, () =>
    verifyResourceToken(tokens.resourceToken, { ...options, ...own }),
  );
  const presented = await checking("presented", log, () =>
    verifyPresentedToken(tokens.presentedToken, { ...options, trustedIssuers, resourceToken: resource }),
  );
  return { resource, presented };
}

const SAME_IN_UPDATE = ["iss", "aud", "ps", "sub", "agent_jkt", "mission_s256", "tenant"];

/**
 * An updated request may ask for less or other than before, but of the same resource for the same person and key (section 7.5.2.2).
 *
 * @throws Problem `invalid_resource_token`
 */
export function requireSameParties(before: ResourceTokenClaims, after: ResourceTokenClaims): void {
  // hole T30
  for (const name of SAME_IN_UPDATE) {
    if (after[name] === before[name]) continue;
    throw new Problem(400, "invalid_resource_token", `the new resource token has another ${name}`);
  }
}

/**
 * After a grant nothing but its scopes, or fewer, may be asked for: who has granted is not asked
 * again.
 *
 * @throws Problem `invalid_resource_token`
 */
export function requireNoMoreThanGranted(
  { state, asked, grant }: Pick<PendingRecord<unknown>, "state" | "asked" | "grant">,
  after: Pick<AskedRequest, "scopes" | "account">,
): void {
  if (state !== "granted") return;
  const granted = within(asked.scopes, grant?.scopes);
  if (after.account === asked.account && after.scopes.every((scope) => granted.includes(scope))) return;
  throw new Problem(400, "invalid_resource_token", "the new resource token asks for what was not granted");
}

/**
 * Verifies the token that an intermediary was called with, as at the intermediary, but for the key (section 9.4.5, steps 1 to 3). Whom it was issued to is
 * for the caller to compare. Nothing is fetched for one of another person server.
 *
 * @param expected.audience `iss` of the intermediary's agent token
 * @param expected.personServer `iss` of a person token, `ps` of an auth token
 */
export async function verifyUpstream(
  token: string,
  expected: { readonly audience: string; readonly personServer: string; readonly issuers: TrustPolicy },
  options: Common & { readonly log: (error: unknown) => void },
): Promise<{ readonly type: string; readonly claims: PersonTokenClaims | AuthTokenClaims }> {
  return checking("upstream", options.log, async () => {
    const { header, claims } = decodeJwt(token);
    const { typ } = header;
    // hole T12
    if (claims[typ === TOKEN_TYPES.auth ? "ps" : "iss"] !== expected.personServer) {
      throw new AAuthVerificationError("untrusted_issuer", "the upstream token is of another person server");
    }
    const own = { ...options, audience: expected.audience, trustedIssuers: expected.issuers }; // hole T11a
    switch (typ) {
      case TOKEN_TYPES.person:
        return { type: typ, claims: (await verifyPersonToken(token, own)).claims };
      case TOKEN_TYPES.auth:
        return { type: typ, claims: (await verifyAuthToken(token, own)).claims };
      default:
        throw new AAuthVerificationError(
          "token_type_mismatch",
          "the upstream token is no person or auth token",
          {
            claim: "typ",
          },
        );
    }
  });
}

/** A token that a request stands on. */
export function dependency(
  what: string,
  type: string,
  { iss, jti, exp }: { readonly iss: string; readonly jti: string; readonly exp: number },
): Dependency {
  return { what, type, iss, jti, exp };
}

const OF_PAIR = { resource: "resource token", presented: "presented token" };

export const dependenciesOf = ({ resource, presented }: VerifiedPair): readonly Dependency[] => [
  dependency(OF_PAIR.resource, TOKEN_TYPES.resource, resource),
  dependency(OF_PAIR.presented, presented.type, presented.claims),
];

/** The same for another pair in its place. */
export const withPair = (depends: readonly Dependency[], pair: VerifiedPair): Dependency[] => [
  ...depends.filter(({ what }) => what !== OF_PAIR.resource && what !== OF_PAIR.presented),
  ...dependenciesOf(pair),
];

/** Never more than was asked for. */
export const within = (
  asked: readonly string[],
  granted: readonly string[] | undefined,
): readonly string[] => (granted === undefined ? asked : asked.filter((scope) => granted.includes(scope)));
