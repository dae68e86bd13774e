import { hash, timingSafeEqual } from "node:crypto";
import type { GuessLimit, SignInOrigin } from "./guess-limit.ts";
import type { Realm, RealmUser } from "./realm.ts";

/** Users of the realm. Disabled users do not exist for any caller. */
export interface Accounts {
  find(id: string): RealmUser | undefined;
  /** Who may act now: also without those who are locked out until an administrator unlocks them. */
  findActive(id: string): Promise<RealmUser | undefined>;
  /**
   * By user name, or by e-mail address where the realm has `loginWithEmailAllowed`, as Keycloak's login form. For an account that is locked no password is right.
   *
   * @throws OAuthError 503 `temporarily_unavailable` when too many try the same account at once
   */
  authenticate(login: string, password: string, origin?: SignInOrigin): Promise<RealmUser | undefined>;
}

export function createAccounts(realm: Realm, guessLimit: GuessLimit): Accounts {
  const users = realm.users.filter((user) => user.enabled);
  const byId = new Map(users.map((user) => [user.id, user]));
  // A user name is its user's, also where it is another's e-mail address.
  const byLogin = new Map([
    ...(realm.loginWithEmailAllowed ? users.map((user) => [user.email?.toLowerCase(), user] as const) : []),
    ...users.map((user) => [user.username.toLowerCase(), user] as const),
  ]);
  return {
    find: (id) => byId.get(id),
    async findActive(id) {
      const user = byId.get(id);
      return user === undefined || (await guessLimit.isLockedForGood(id)) ? undefined : user;
    },
    async authenticate(login, password, origin) {
      const name = login.trim().toLowerCase();
      const user = byLogin.get(name);
      const expected = user?.credentials.find(({ type }) => type === "password")?.value;
      // The comparison is made for unknown users too, so that the answer's time does not tell who exists.
      const matches = () => equalSecrets(password, expected ?? "") && expected !== undefined;
      return (await guessLimit.attempt(name, user?.id, matches, origin)) ? user : undefined;
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
