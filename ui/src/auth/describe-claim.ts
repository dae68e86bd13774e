const meanings: Record<string, string> = {
  iss: "who issued the token",
  sub: "the user, as the auth server knows them",
  aud: "who the token is meant for",
  azp: "the client it was issued to",
  client_id: "the client it was issued to",
  exp: "not valid after",
  iat: "issued at",
  nbf: "not valid before",
  auth_time: "when the user signed in",
  jti: "the token's own id",
  sid: "the sign-in session",
  scope: "what it allows",
  acr: "how strongly the user was authenticated",
  nonce: "ties the token to this sign-in",
  at_hash: "ties the ID token to the access token",
  typ: "kind of token",
  realm_access: "roles in the realm",
  resource_access: "roles per client",
};

const times = new Set(["exp", "iat", "nbf", "auth_time"]);

export interface ClaimRow {
  name: string;
  value: string;
  meaning: string | undefined;
}

/** One claim as a person reads it: times as local time, structures as JSON. */
export function describeClaim(name: string, value: unknown): ClaimRow {
  return { name, value: displayValue(name, value), meaning: meanings[name] };
}

function displayValue(name: string, value: unknown): string {
  if (times.has(name) && typeof value === "number") return new Date(value * 1000).toLocaleString();
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
