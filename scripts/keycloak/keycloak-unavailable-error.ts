/** Keycloak cannot be had on this machine; the message says what is missing and how to get on. */
export class KeycloakUnavailableError extends Error {
  override readonly name = "KeycloakUnavailableError";
  readonly code = "keycloak_unavailable";
}
