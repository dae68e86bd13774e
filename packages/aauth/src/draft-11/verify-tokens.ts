/**
 * Verification of draft -11 tokens by resources, person servers and access servers.
 *
 * @module
 */

import { AAuthVerificationError, citing } from "../errors.ts";
import { boundToAnotherKey } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { expectedNow, openToken, type VerifiedToken, type VerifyTokenOptions } from "../tokens/open-token.ts";
import type { VerificationKey } from "../types.ts";
import type { AgentTokenClaims, AuthTokenClaims, PersonTokenClaims, ResourceTokenClaims } from "./claims.ts";
import { TOKEN_TYPES } from "./names.ts";
import { sectionOf } from "./sections.ts";
import {
  AGENT_TOKEN,
  type AgentTokenExpectation,
  AUTH_TOKEN,
  PERSON_TOKEN,
  presentedMismatch,
  RESOURCE_TOKEN,
  type RecipientExpectation,
  type ResourceTokenExpectation,
} from "./token-schemas.ts";

/** Makes the errors of a token cite draft -11. */
const cited = <Opened>(opened: Promise<Opened>): Promise<Opened> =>
  opened.catch((error: unknown) => {
    throw citing(error, sectionOf);
  });

/** Expectations and options for an agent token. */
export type VerifyAgentTokenOptions = VerifyTokenOptions<AgentTokenExpectation>;
/** Expectations and options for a person or auth token. */
export type VerifyBoundTokenOptions = VerifyTokenOptions<RecipientExpectation>;
/** Expectations and options for a resource token. */
export type VerifyResourceTokenOptions = VerifyTokenOptions<ResourceTokenExpectation>;

/** A verified token, and the key that must have signed the request that carried it. */
export type OpenedToken<Claims> = VerifiedToken<Claims, VerificationKey>;

/**
 * Verifies an agent token: `typ`, shapes, the provider's domain in the agent's identifier,
 * signature, times, revocation. `exp` has no tolerance; `iat` may be 60 s ahead.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `untrusted_issuer`
 *   before anything is fetched
 * @throws AAuthVerificationError `token_revoked`; `key_algorithm_not_allowed`, `unsupported_key`
 *   for the key in `cnf.jwk`
 *
 * Does NOT check that a message was signed with `cnf.jwk`: compare `key.thumbprint`.
 */
export const verifyAgentToken = (
  token: string,
  options: VerifyAgentTokenOptions,
): Promise<OpenedToken<AgentTokenClaims>> =>
  cited(openToken(token, AGENT_TOKEN, expectedNow(options), options));

/** Verifies a person token; errors as {@link verifyAgentToken}, and `token_audience_mismatch`. */
export const verifyPersonToken = (
  token: string,
  options: VerifyBoundTokenOptions,
): Promise<OpenedToken<PersonTokenClaims>> =>
  cited(openToken(token, PERSON_TOKEN, expectedNow(options), options));

/** Verifies an auth token; errors as {@link verifyPersonToken}. Does NOT judge scope or account. */
export const verifyAuthToken = (
  token: string,
  options: VerifyBoundTokenOptions,
): Promise<OpenedToken<AuthTokenClaims>> =>
  cited(openToken(token, AUTH_TOKEN, expectedNow(options), options));

/** A verified agent token, and the thumbprint of its key. */
export interface VerifiedParent {
  readonly claims: AgentTokenClaims;
  readonly key: Pick<VerificationKey, "thumbprint">;
}

/**
 * Verifies the token of a sub-agent that its parent sends (section 10.2): a valid agent token,
 * which names the caller as parent, is one level deep and has its own key. Nothing is fetched for a
 * token of another provider.
 *
 * @param options.parent the verified agent token of the caller
 * @throws AAuthVerificationError as {@link verifyAgentToken}; `token_agent_mismatch`,
 *   `token_key_mismatch`
 */
export async function verifySubagentToken(
  token: string,
  options: Omit<VerifyAgentTokenOptions, "trustedIssuers"> & {
    readonly parent: VerifiedParent;
  },
): Promise<OpenedToken<AgentTokenClaims>> {
  const { parent } = options;
  const opened = await verifyAgentToken(token, { ...options, trustedIssuers: [parent.claims.iss] });
  // hole T14
  if (opened.claims.parent_agent !== parent.claims.sub || parent.claims.parent_agent !== undefined) {
    throw new AAuthVerificationError(
      "token_agent_mismatch",
      "the token does not belong to a sub-agent of the caller",
      { claim: "parent_agent", section: "draft -11, section 10.2" },
    );
  }
  // hole T14
  if (opened.key.thumbprint === parent.key.thumbprint) {
    throw new AAuthVerificationError("token_key_mismatch", "the sub-agent has the key of its parent", {
      claim: "cnf",
      section: "draft -11, section 10.2",
    });
  }
  return opened;
}

/**
 * Verifies a resource token at the server that redeems it (section 6.7.2 without step 3): `typ`,
 * shapes, recipient, key, person server, signature, times, revocation.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `token_key_mismatch`,
 *   `presented_token_mismatch` for `ps`
 *
 * Does NOT check the presented token: {@link verifyPresentedToken} does. Does NOT check scope or
 * mission.
 */
export async function verifyResourceToken(
  token: string,
  options: VerifyResourceTokenOptions,
): Promise<ResourceTokenClaims> {
  return (await cited(openToken(token, RESOURCE_TOKEN, expectedNow(options), options))).claims;
}

/**
 * Verifies the token that an agent presented to the resource (section 6.7.2, step 3): as the
 * resource did, with the resource as `aud` and the key of the resource token. Then checks that both
 * name the same token, person, tenant and mission.
 *
 * @param options.resourceToken claims of the verified resource token
 * @throws AAuthVerificationError as {@link verifyPersonToken}, `token_key_mismatch`: the presented
 *   token is refused
 * @throws AAuthVerificationError `presented_token_mismatch`: the resource token is refused. Log it:
 *   one of the two tokens was substituted
 */
export async function verifyPresentedToken(
  token: string,
  options: Omit<VerifyBoundTokenOptions, "audience"> & { readonly resourceToken: ResourceTokenClaims },
): Promise<OpenedToken<PersonTokenClaims | AuthTokenClaims>> {
  const { resourceToken } = options;
  const opened = await openPresented(token, { ...options, audience: resourceToken.iss });
  const { claims, key } = opened;
  if (key.thumbprint !== resourceToken.agent_jkt) throw boundToAnotherKey(resourceToken.agent_jkt); // hole T10
  const ps = opened.type === TOKEN_TYPES.person ? claims.iss : claims.ps;
  if (claims.jti !== resourceToken.presented_jti) throw presentedMismatch("presented_jti"); // hole T9
  if (ps !== resourceToken.ps) throw presentedMismatch("ps");
  // hole T9
  for (const name of ["sub", "mission_s256", "tenant"]) {
    if (claims[name] !== resourceToken[name]) throw presentedMismatch(name);
  }
  return opened;
}

async function openPresented(
  token: string,
  options: VerifyBoundTokenOptions,
): Promise<OpenedToken<PersonTokenClaims | AuthTokenClaims>> {
  const { typ } = decodeJwt(token).header;
  if (typ === TOKEN_TYPES.person) return verifyPersonToken(token, options);
  if (typ === TOKEN_TYPES.auth) return verifyAuthToken(token, options);
  throw new AAuthVerificationError(
    "token_type_mismatch",
    "the presented token is not a person token or an auth token",
    {
      claim: "typ",
      expected: `${TOKEN_TYPES.person}, ${TOKEN_TYPES.auth}`,
      section: "draft -11, section 6.7.2",
    },
  );
}
