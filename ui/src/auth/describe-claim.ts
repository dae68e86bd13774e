const meanings: Record<string, string> = {
  iss: "the issuer",
  sub: "the user’s id at the auth server",
  aud: "the audience",
  azp: "the client it was issued to",
  client_id: "the client it was issued to",
  exp: "not valid after",
  iat: "issued at",
  nbf: "not valid before",
  auth_time: "when the user signed in",
  jti: "the token's own id",
  sid: "the sign-in session",
  scope: "the granted scopes",
  acr: "the authentication level",
  nonce: "ties the token to this sign-in",
  at_hash: "ties the ID token to the access token",
  typ: "token type",
  realm_access: "roles in the realm",
  resource_access: "roles per client",
};

const times = new Set(["exp", "iat", "nbf", "auth_time"]);

/** Formats a claim for display: times as local time, structures as JSON. */
export function describeClaim([name, value]: [string, unknown]) {
  return { name, value: displayValue(name, value), meaning: meanings[name] };
}

function displayValue(name: string, value: unknown): string {
  if (times.has(name) && typeof value === "number") return new Date(value * 1000).toLocaleString();
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
