import type { CelPath } from "../cel/cel-paths.ts";

/** Kinds of callers: one for February's profile, and one for each level of draft -11. */
export type CallerKind = "february-2026" | "agent-token" | "person-token" | "auth-token" | "server";

export const FEBRUARY: readonly CallerKind[] = ["february-2026"];
const AGENT: readonly CallerKind[] = ["agent-token"];
const AUTH: readonly CallerKind[] = ["auth-token"];
export const WITH_PERSON: readonly CallerKind[] = ["person-token", "auth-token"];
/** Agents of draft -11, by the token that they present. */
export const WITH_TOKEN: readonly CallerKind[] = ["agent-token", "person-token", "auth-token"];
/** Values of `extauthz.aauth.level`. */
export const OF_DRAFT_11: readonly CallerKind[] = [...WITH_TOKEN, "server"];

/** All members of `extauthz.aauth`, each with the callers that have it. */
const MEMBERS: Readonly<Record<string, readonly CallerKind[]>> = {
  scheme: FEBRUARY,
  agent: [...FEBRUARY, ...AGENT],
  agent_delegate: FEBRUARY,
  jwt_claims: [...FEBRUARY, ...WITH_TOKEN],
  profile: OF_DRAFT_11,
  level: OF_DRAFT_11,
  parent_agent: AGENT,
  person: WITH_PERSON,
  scopes: AUTH,
  account: AUTH,
  server: ["server"],
};

/**
 * Claims that gateway-authz passes on for every token, for tokens with a person, and for none in
 * draft -11. Other claims are only those of auth tokens.
 */
const OF_EVERY_TOKEN = ["iss", "sub", "exp", "iat", "cnf"];
const OF_PERSONS = ["aud", "jti", "dwk", "tenant", "mission_s256"];
const OF_FEBRUARY = ["agent", "agent_delegate", "act", "nbf"];

/**
 * Tokens that the demo's agents require in each `AAUTH_MODE`, because agents only obtain tokens
 * that are required. Other modes have callers of all kinds.
 */
const CALLERS_IN_MODE: Readonly<Record<string, readonly CallerKind[]>> = {
  "agent-identity": [...FEBRUARY, ...AGENT, "server"],
  "person-identity": [...FEBRUARY, ...AGENT, "person-token", "server"],
};

/** Kinds of callers with a value of `AAUTH_MODE`; undefined if it excludes none. */
export const callersInMode = (mode: string | undefined): readonly CallerKind[] | undefined =>
  mode === undefined || !Object.hasOwn(CALLERS_IN_MODE, mode) ? undefined : CALLERS_IN_MODE[mode];

export const hasDraft11 = (kinds: readonly CallerKind[]): boolean =>
  kinds.some((kind) => OF_DRAFT_11.includes(kind));

/** Members of `extauthz.aauth` in the profiles of these callers. */
export function membersOf(kinds: readonly CallerKind[]): string[] {
  const known = hasDraft11(kinds) ? [...kinds, ...OF_DRAFT_11] : kinds;
  return Object.keys(MEMBERS).filter((member) => MEMBERS[member]!.some((kind) => known.includes(kind)));
}

/**
 * The callers that have a path below `extauthz.aauth`. Undefined for any other path or an unknown
 * member.
 */
export function carriersOf([first, second, member, claim]: CelPath): readonly CallerKind[] | undefined {
  if (first !== "extauthz" || second !== "aauth" || member === undefined) return undefined;
  const carriers = Object.hasOwn(MEMBERS, member) ? MEMBERS[member] : undefined;
  if (member !== "jwt_claims" || claim === undefined) return carriers;
  if (OF_FEBRUARY.includes(claim)) return FEBRUARY;
  const ofDraft11 = OF_EVERY_TOKEN.includes(claim)
    ? WITH_TOKEN
    : OF_PERSONS.includes(claim)
      ? WITH_PERSON
      : AUTH;
  return [...FEBRUARY, ...ofDraft11];
}
