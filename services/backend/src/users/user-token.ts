import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";

const ALGORITHMS = ["RS256"];
const CLOCK_SKEW_SECONDS = 5;
const KEYS_TIMEOUT_MS = 5000;
/** Short, so that a sign-in right after a restart of the auth server finds its new key. */
const KEYS_COOLDOWN_MS = 2_000;

/** The user of a request, as named in the access token. */
export interface User {
  /** `sub`, which auth tokens that the same auth server issues for this user also have. */
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly role: string;
}

/**
 * The token is not an access token of a signed-in user. The message is for the log, not for the
 * caller.
 */
export class UserTokenError extends Error {
  override readonly name = "UserTokenError";
}

/** The auth server's keys could not be fetched, so tokens cannot be verified. */
export class UserKeysUnavailableError extends Error {
  override readonly name = "UserKeysUnavailableError";
}

/**
 * Returns the user of a valid access token, or throws {@link UserTokenError} or
 * {@link UserKeysUnavailableError}.
 */
export type UserTokenVerifier = (token: string) => Promise<User>;

/**
 * Checks OIDC access tokens: RS256 with a key of the realm, this issuer, issued to this client
 * (`aud` or `azp`), an access token rather than any other type, unexpired, not bound to a key.
 *
 * Does NOT ask the auth server whether the session still exists: a token is valid until `exp`.
 *
 * @param options.issuer realm URL, compared exactly
 * @param options.now Unix seconds
 */
export function createUserTokenVerifier(options: {
  issuer: string;
  clientId: string;
  now: () => number;
  keys?: JWTVerifyGetKey;
}): UserTokenVerifier {
  const { issuer, clientId, now } = options;
  const keys =
    options.keys ??
    createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
    });

  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer,
      // Excludes the tokens of AAuth (`auth+jwt`, `refresh+jwt`, …).
      typ: "JWT",
      requiredClaims: ["exp", "iat", "sub"], // hole B1: ["iat", "sub"]
      currentDate: new Date(now() * 1000),
    }).catch((error: unknown) => {
      throw isVerdict(error)
        ? new UserTokenError(error.message, { cause: error })
        : new UserKeysUnavailableError("the auth server's keys could not be fetched", { cause: error });
    });

    // Keycloak writes Bearer, ID, Refresh or Offline here; the header says JWT in all four.
    if (payload.typ !== "Bearer") throw new UserTokenError("not an access token");
    if (!isMadeFor(payload, clientId)) throw new UserTokenError("issued to another client");
    if (payload.iat! > now() + CLOCK_SKEW_SECONDS) throw new UserTokenError("issued in the future");
    // A key-bound token requires proof of possession, which a bearer header lacks.
    if (payload.cnf !== undefined) throw new UserTokenError("bound to a key");
    return userOf(payload);
  };
}

/** Whether an error of jose is a verdict on the token rather than a failure to fetch keys. */
function isVerdict(error: unknown): error is errors.JOSEError {
  if (!(error instanceof errors.JOSEError)) return false;
  // jose throws a plain JOSEError if the key set's response is not 200 with JSON.
  return !(
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === "ERR_JOSE_GENERIC"
  );
}

function isMadeFor(payload: JWTPayload, clientId: string): boolean {
  const audiences = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
  return audiences.includes(clientId) || payload.azp === clientId;
}

function userOf(payload: JWTPayload): User {
  const id = payload.sub;
  if (typeof id !== "string" || id === "") throw new UserTokenError("sub is empty");
  return {
    id,
    username: text(payload.preferred_username) ?? id,
    email: text(payload.email) ?? "",
    role: realmRoles(payload).find((role) => !isKeycloakRole(role)) ?? "User",
  };
}

function realmRoles(payload: JWTPayload): string[] {
  const access = payload.realm_access;
  const roles = typeof access === "object" && access !== null && "roles" in access ? access.roles : [];
  return Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : [];
}

function isKeycloakRole(role: string): boolean {
  return role === "offline_access" || role === "uma_authorization" || role.startsWith("default-roles-");
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
