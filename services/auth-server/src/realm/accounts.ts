import { hash, timingSafeEqual } from "node:crypto";
import type { PasswordLimit, SignInOrigin } from "./password-limit.ts";
import type { Realm, RealmUser } from "./realm.ts";

/** Users of the realm. */
export interface Accounts {
  find(id: string): Promise<RealmUser | undefined>;
  /**
   * Finds the user by user name, or by e-mail address if the realm has `loginWithEmailAllowed`, as
   * in Keycloak's login form. After too many attempts from a network, no password is accepted.
   */
  authenticate(login: string, password: string, origin: SignInOrigin): Promise<RealmUser | undefined>;
}

export function createAccounts(realm: Realm, limit: PasswordLimit): Accounts {
  const { users } = realm;
  const byId = new Map(users.map((user) => [user.id, user]));
  // A user name takes precedence over another user's equal e-mail address.
  const byLogin = new Map([
    ...(realm.loginWithEmailAllowed ? users.map((user) => [user.email?.toLowerCase(), user] as const) : []),
    ...users.map((user) => [user.username.toLowerCase(), user] as const),
  ]);
  return {
    find: async (id) => byId.get(id),
    async authenticate(login, password, origin) {
      const user = byLogin.get(login.trim().toLowerCase());
      const expected = user?.credentials.find(({ type }) => type === "password")?.value;
      const allowed = user !== undefined && limit.allows(user.id, origin);
      // Also compares for unknown users and locked accounts, so that the response time does not
      // distinguish them.
      const matches = equalSecrets(password, expected ?? "") && expected !== undefined;
      if (!allowed || !matches) return undefined;
      limit.reset(user.id, origin);
      return user;
    },
  };
}

/** Compares in a time independent of content and length. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}

/** OpenID claims of a user, with the names and values that Keycloak uses. */
export function accountClaims(user: RealmUser) {
  return {
    sub: user.id,
    name: `${user.firstName} ${user.lastName}`.trim() || user.username,
    preferred_username: user.username,
    given_name: user.firstName,
    family_name: user.lastName,
    email: user.email,
    email_verified: user.emailVerified,
  };
}
