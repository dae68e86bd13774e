import type { UserClaims } from "aauth/issuer";
import { accessDenied } from "./oauth-error.ts";
import { accountClaims } from "./realm/accounts.ts";
import type { Policy } from "./realm/policy.ts";
import type { RealmUser } from "./realm/realm.ts";

/** Scopes that are about who a user is, with the sentence a person reads who is asked (OpenID Connect Core 1.0 section 5.4). */
export const IDENTITY_SCOPES: Readonly<Record<string, string>> = {
  openid: "Know that it is you: your user id",
  profile: "See your name",
  email: "See your e-mail address",
};

export function isIdentityScope(scope: string): boolean {
  return Object.hasOwn(IDENTITY_SCOPES, scope);
}

/**
 * Who a user is may be told where the agent or the resource is on the realm's list. That the two are not the same says nothing: an agent
 * is as many resources as it likes. @throws OAuthError 403 `access_denied`
 */
export function requireMayAskWho(
  policy: Policy,
  { agent, resource }: { readonly agent: string; readonly resource: string },
  scopes: readonly string[],
): void {
  if (!scopes.some(isIdentityScope)) return;
  if (policy.selfAgents.includes(agent) || policy.selfAgents.includes(resource)) return;
  throw accessDenied("Agent is not allowed to ask who its users are");
}

/** What an auth token says about the user, by the scopes the user agreed to (SPEC 7.4). */
export function userClaims(user: RealmUser, scopes: readonly string[]): UserClaims {
  const { name, email, email_verified } = accountClaims(user);
  return {
    ...(scopes.includes("profile") && { name }),
    ...(scopes.includes("email") && email !== undefined && { email, email_verified }),
  };
}
