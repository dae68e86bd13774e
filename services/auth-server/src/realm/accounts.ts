import { hash, timingSafeEqual } from "node:crypto";
import type { Realm, RealmUser } from "./realm.ts";

/** Users of the realm. Disabled users do not exist for any caller. */
export interface Accounts {
  find(id: string): RealmUser | undefined;
  /** By user name or e-mail address, as Keycloak's login form takes both. */
  authenticate(login: string, password: string): RealmUser | undefined;
}

export function createAccounts(realm: Realm): Accounts {
  const users = realm.users.filter((user) => user.enabled);
  const byId = new Map(users.map((user) => [user.id, user]));
  const byLogin = new Map(
    users.flatMap((user) =>
      [user.username, user.email ?? user.username].map((name) => [name.toLowerCase(), user]),
    ),
  );
  return {
    find: (id) => byId.get(id),
    authenticate(login, password) {
      const user = byLogin.get(login.trim().toLowerCase());
      const expected = user?.credentials.find(({ type }) => type === "password")?.value;
      // The comparison is made for unknown users too, so that the answer's time does not tell who exists.
      const matches = equalSecrets(password, expected ?? "");
      return matches && expected !== undefined ? user : undefined;
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
