import type { TokenKind } from "../attribute-names.ts";

/** One claim as a person reads it. */
export interface ReadableClaim {
  readonly name: string;
  readonly value: string;
  readonly meaning?: string;
}

const COMMON: Readonly<Record<string, string>> = {
  exp: "not valid after",
  iat: "issued at",
  nbf: "not valid before",
  jti: "the token’s own id",
  scope: "what it allows",
  cnf: "the key it is bound to: only who signs with it may use the token",
  act: "who called the agent that holds the token: the chain of delegation",
  client_id: "the client it was issued to",
};

/** By kind of token; profile 4.1 to 4.3. */
const BY_KIND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "resource+jwt": {
    iss: "the resource that challenged, and signed this token",
    aud: "the auth server that may answer it",
    agent: "the agent that was challenged; no other can use the token",
    agent_jkt: "thumbprint of the key that signed the challenged request",
    scope: "what the resource wants the agent to be allowed",
  },
  "auth+jwt": {
    iss: "the auth server that issued it",
    aud: "the only resource that accepts it",
    sub: "the user the agent acts for",
    agent: "the agent it was issued to",
    agent_delegate: "which part of that agent",
  },
  "agent+jwt": {
    iss: "the agent server: the agent’s identity",
    sub: "which delegate of the agent",
    aud: "who it is meant for",
  },
};

const TIMES = new Set(["exp", "iat", "nbf", "auth_time"]);

/** The claims of a token in words: times in UTC, structures as JSON. Decides nothing. */
export function readableClaims(kind: TokenKind, claims: Readonly<Record<string, unknown>>): ReadableClaim[] {
  return Object.entries(claims).map(([name, value]) => {
    const meaning = BY_KIND[kind]?.[name] ?? COMMON[name];
    return { name, value: readableValue(name, value), ...(meaning !== undefined && { meaning }) };
  });
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

/** What a kind of token is for, in a sentence. */
export function tokenPurpose(kind: TokenKind): string {
  if (kind === "resource+jwt")
    return "Resource token: what a resource wants, in its own signature. Worth nothing until an auth server answers it.";
  if (kind === "auth+jwt")
    return "Auth token: what an auth server allows one agent, with one key, at one resource.";
  if (kind === "agent+jwt") return "Agent token: an agent server vouches for a delegate and its key.";
  return "A token that its holder cannot read.";
}
