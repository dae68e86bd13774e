/** One claim in words. */
export interface ReadableClaim {
  readonly name: string;
  readonly value: string;
  readonly meaning: string | undefined;
}

const COMMON: Readonly<Record<string, string>> = {
  exp: "not valid after",
  iat: "issued at",
  nbf: "not valid before",
  jti: "the token’s unique id",
  scope: "the granted scopes",
  cnf: "the key that the token is bound to",
  act: "the delegation chain, nearest caller first",
  client_id: "the client it was issued to",
  dwk: "the document that names its issuer’s keys",
  account: "the account at the resource",
  mission_s256: "hash of the token’s mission",
  tenant: "the organization of the person",
};

/** By kind of token; profile 4.1 to 4.3, draft -11, sections 5.3, 6.7, 7.1 and 9.4. */
const BY_KIND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "resource+jwt": {
    iss: "the resource that issued the challenge and this token",
    aud: "the auth server that accepts it",
    agent: "the agent that was challenged",
    agent_jkt: "thumbprint of the key that signed the challenged request",
    scope: "the scopes that the resource requires",
  },
  "auth+jwt": {
    iss: "the auth server that issued it",
    aud: "the only resource that accepts it",
    sub: "the user the agent acts for",
    agent: "the agent it was issued to",
    agent_delegate: "the agent’s delegate",
  },
  "agent+jwt": {
    iss: "the agent server: the agent’s identity",
    sub: "the agent’s delegate",
    aud: "the audience",
  },
  "aa-agent+jwt": {
    iss: "the agent provider that vouches for the agent",
    sub: "the agent",
    ps: "the agent’s person server",
    parent_agent: "the parent of this sub-agent",
  },
  "aa-person+jwt": {
    iss: "the person server that issued it",
    sub: "the person, as only this resource knows them",
    aud: "the only resource that accepts it",
  },
  "aa-resource+jwt": {
    iss: "the resource that issued the challenge and this token",
    aud: "the server that accepts it",
    sub: "the person, from the token that was presented",
    ps: "the person server that issued the presented token",
    agent_jkt: "thumbprint of the key that signed the challenged request",
    scope: "the scopes that the resource requires",
    presented_jti: "jti of the token that was presented",
  },
  "aa-auth+jwt": {
    iss: "the person server or access server that issued it",
    sub: "the person, as only this resource knows them",
    aud: "the only resource that accepts it",
    ps: "the person’s server",
  },
};

const TIMES = new Set(["exp", "iat", "nbf", "auth_time"]);

/** Formats a token's claims for display: times in UTC, structures as JSON. */
export function readableClaims(kind: string, claims: Readonly<Record<string, unknown>>): ReadableClaim[] {
  return Object.entries(claims).map(([name, value]) => ({
    name,
    value: readableValue(name, value),
    meaning: BY_KIND[kind]?.[name] ?? COMMON[name],
  }));
}

function readableValue(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === "number") return isoSeconds(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value.join(", ");
  return JSON.stringify(value) ?? "";
}

/** Unix seconds as `2026-02-01 12:00:00 UTC`. */
export function isoSeconds(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  return Number.isNaN(date.getTime())
    ? String(unixSeconds)
    : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const DRAFT_11_TOKENS: Readonly<Record<string, string>> = {
  "aa-agent+jwt":
    "Agent token (draft -11, section 5.3): an agent provider states the agent’s identifier and key. It names no person.",
  "aa-person+jwt":
    "Person token (draft -11, section 7.1): a person server states whom the holder of the key acts for, by an identifier for one resource. It names no agent.",
  "aa-resource+jwt":
    "Resource token (draft -11, section 6.7): the access that a resource requires of the agent it challenged, signed by the resource.",
  "aa-auth+jwt":
    "Auth token (draft -11, section 9.4): the access of the key’s holder to one resource for one person. It names no agent.",
};

/** Describes the purpose of a kind of token in a sentence. */
export function tokenPurpose(kind: string): string {
  if (kind === "resource+jwt")
    return "Resource token: the access that a resource requires, signed by the resource. An auth server exchanges it for an auth token.";
  if (kind === "auth+jwt") return "Auth token: an auth server’s grant to one agent and key for one resource.";
  if (kind === "agent+jwt") return "Agent token: an agent server vouches for a delegate and its key.";
  return DRAFT_11_TOKENS[kind] ?? "Opaque token.";
}
