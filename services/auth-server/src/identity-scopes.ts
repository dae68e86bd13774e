import type { UserClaims } from "aauth";
import { accountClaims } from "./realm/accounts.ts";
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

/** What an auth token says about the user, by the scopes the user agreed to (SPEC 7.4). */
export function userClaims(user: RealmUser, scopes: readonly string[]): UserClaims {
  const { name, email, email_verified } = accountClaims(user);
  return {
    ...(scopes.includes("profile") && { name }),
    ...(scopes.includes("email") && email !== undefined && { email, email_verified }),
  };
}
