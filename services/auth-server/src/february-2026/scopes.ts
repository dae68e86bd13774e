import type { UserClaims } from "aauth/february-2026";
import { accountClaims } from "../realm/accounts.ts";
import type { Policy } from "../realm/policy.ts";
import type { RealmUser } from "../realm/realm.ts";
import { accessDenied } from "./token-errors.ts";

/**
 * Scopes about a user's identity, with their descriptions on the consent page (OpenID Connect Core
 * 1.0 section 5.4).
 */
export const IDENTITY_SCOPES: Readonly<Record<string, string>> = {
  openid: "Know that it is you: your user id",
  profile: "See your name",
  email: "See your e-mail address",
};

export function isIdentityScope(scope: string): boolean {
  return Object.hasOwn(IDENTITY_SCOPES, scope);
}

/**
 * Requires the agent or the resource to be on the realm's list for identity scopes. It is not
 * enough that agent and resource differ, because one party can be any number of resources.
 *
 * @throws OAuthError 403 `access_denied`
 */
export function requireMayAskIdentity(
  policy: Policy,
  { agent, resource }: { readonly agent: string; readonly resource: string },
  scopes: readonly string[],
): void {
  if (!scopes.some(isIdentityScope)) return;
  if (policy.selfAgents.includes(agent) || policy.selfAgents.includes(resource)) return;
  throw accessDenied("Agent is not allowed to ask who its users are");
}

/** Claims about the user in an auth token, according to the consented scopes (SPEC 7.4). */
export function userClaims(user: RealmUser, scopes: readonly string[]): UserClaims {
  const { name, email, email_verified } = accountClaims(user);
  return {
    ...(scopes.includes("profile") && { name }),
    ...(scopes.includes("email") && email !== undefined && { email, email_verified }),
  };
}
