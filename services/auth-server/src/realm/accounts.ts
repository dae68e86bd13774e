import { hash, timingSafeEqual } from "node:crypto";
import type { PasswordLimit, SignInOrigin } from "./password-limit.ts";
import type { Realm, RealmUser } from "./realm.ts";

/** Users of the realm. */
export interface Accounts {
  find(id: string): Promise<RealmUser | undefined>;
  /**
   * By user name, or by e-mail address where the realm has `loginWithEmailAllowed`, as in
   * Keycloak's login form. From a network that has tried too often no password is right.
   */
  authenticate(login: string, password: string, origin: SignInOrigin): Promise<RealmUser | undefined>;
}

export function createAccounts(realm: Realm, limit: PasswordLimit): Accounts {
  const { users } = realm;
  const byId = new Map(users.map((user) => [user.id, user]));
  // A user name is its user's, also where it is another's e-mail address.
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
      // Compared for unknown users and locked accounts, too, so that the time of the response does
      // not tell them apart.
      const matches = equalSecrets(password, expected ?? "") && expected !== undefined;
      if (!allowed || !matches) return undefined;
      limit.reset(user.id, origin);
      return user;
    },
  };
}

/** Compares in a time that depends on neither content nor length. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}

/** OpenID claims of a user, named and valued as Keycloak does. */
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
