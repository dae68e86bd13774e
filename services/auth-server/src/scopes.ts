import type { UserClaims } from "aauth/february-2026";
import { accessDenied } from "./oauth-error.ts";
import { MAX_PARAMETER_LENGTH } from "./parameters.ts";
import { accountClaims } from "./realm/accounts.ts";
import type { Policy } from "./realm/policy.ts";
import type { RealmUser } from "./realm/realm.ts";

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * A scope as in OAuth (RFC 6749 section 3.3): printable ASCII without space, quote and backslash.
 */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/**
 * Scopes with one space between them. No scope changes the look of a page or a log that shows it.
 */
export function isScopeList(text: string): boolean {
  return text.length <= MAX_PARAMETER_LENGTH && text.split(" ").every(isScope);
}

/** The scopes of a list, each once. */
export function scopesIn(list: string | undefined): string[] {
  return [...new Set(list?.split(" ").filter((scope) => scope !== ""))];
}

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
