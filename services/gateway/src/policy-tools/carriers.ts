import type { CelPath } from "../cel/cel-paths.ts";

/**
 * Callers as a route may have them: one kind for February's profile, one for each level of draft
 * -11.
 */
export type CallerKind = "february-2026" | "agent-token" | "person-token" | "auth-token" | "server";

export const FEBRUARY: readonly CallerKind[] = ["february-2026"];
const AGENT: readonly CallerKind[] = ["agent-token"];
const AUTH: readonly CallerKind[] = ["auth-token"];
export const WITH_PERSON: readonly CallerKind[] = ["person-token", "auth-token"];
/** Agents of draft -11, by what they have to show. */
export const WITH_TOKEN: readonly CallerKind[] = ["agent-token", "person-token", "auth-token"];
/** Values of `extauthz.aauth.level`. */
export const OF_DRAFT_11: readonly CallerKind[] = [...WITH_TOKEN, "server"];

/** Members of `extauthz.aauth`, a closed set, and the callers that have each. */
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
 * Claims that gateway-authz passes on of every token, of those with a person, and of none in draft
 * -11; others are an auth token's.
 */
const OF_EVERY_TOKEN = ["iss", "sub", "exp", "iat", "cnf"];
const OF_PERSONS = ["aud", "jti", "dwk", "tenant", "mission_s256"];
const OF_FEBRUARY = ["agent", "agent_delegate", "act", "nbf"];

/**
 * What the demo's agents demand with each `AAUTH_MODE`: no agent gets a token that is not asked
 * for. The other modes have callers of all kinds.
 */
const CALLERS_IN_MODE: Readonly<Record<string, readonly CallerKind[]>> = {
  "agent-identity": [...FEBRUARY, ...AGENT, "server"],
  "person-identity": [...FEBRUARY, ...AGENT, "person-token", "server"],
};

/** Callers there are with a value of `AAUTH_MODE`; undefined where it rules none out. */
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
 * The callers that have a path below `extauthz.aauth`. Undefined where it is another path, or no
 * known member.
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
