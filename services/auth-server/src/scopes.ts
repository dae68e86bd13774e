import type { UserClaims } from "aauth/february-2026";
import { accountClaims } from "./realm/accounts.ts";
import type { Policy } from "./realm/policy.ts";
import type { RealmUser } from "./realm/realm.ts";
import { accessDenied } from "./token-errors.ts";

/**
 * Scopes about a user's identity, with the sentence that the consent page shows (OpenID Connect
 * Core 1.0 section 5.4).
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
 * The agent or the resource has to be on the realm's list where a scope is about the user's
 * identity. That agent and resource differ proves nothing: one party can be any number of
 * resources. @throws OAuthError 403 `access_denied`
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

/** Claims about the user in an auth token, by the scopes that the user agreed to (SPEC 7.4). */
export function userClaims(user: RealmUser, scopes: readonly string[]): UserClaims {
  const { name, email, email_verified } = accountClaims(user);
  return {
    ...(scopes.includes("profile") && { name }),
    ...(scopes.includes("email") && email !== undefined && { email, email_verified }),
  };
}
