/**
 * Requirements of routes, and their comparison with a verified caller (draft -11, section 6).
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { requireArray } from "../keys/option-checks.ts";
import type { ProvenCaller, Requirement } from "../types.ts";
import { LEVELS, TOKEN_TYPES } from "./names.ts";

const [AGENT, PERSON, AUTH, SERVER] = LEVELS;

/** Requirements that are valid. They are defined once and used for every request. */
const checked = new WeakSet<Requirement<string>>();

/**
 * Refuses a requirement that would admit the wrong callers, or none.
 *
 * @throws TypeError for an unknown level, for `scopes` that is not a list of scopes, for an
 *   `account` that is not a string, for either at a level other than `auth-token`, and for
 *   `subject`: every person token and auth token names a person.
 */
export function validateRequirement(requirement: Requirement<string>): void {
  if (typeof requirement === "object" && requirement !== null && checked.has(requirement)) return;
  const level = requirement?.level;
  if (!(LEVELS as readonly string[]).includes(level))
    throw new TypeError(`requirement.level must be one of ${LEVELS.join(", ")}, not ${level}`);
  const { scopes, account, subject } = requirement;
  if (subject !== undefined) throw new TypeError("requirement.subject is not supported in draft -11");
  if (level === AUTH) {
    requireArray("requirement.scopes", scopes as readonly string[]);
    if (
      !scopes?.length ||
      !scopes.every((scope) => typeof scope === "string" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
    ) {
      throw new TypeError("requirement.scopes must name at least one scope, each without spaces");
    }
    if (account !== undefined && (typeof account !== "string" || account === "")) {
      throw new TypeError("requirement.account must be a non-empty string");
    }
  } else if (scopes !== undefined || account !== undefined) {
    throw new TypeError(
      `requirement.scopes and requirement.account apply to level ${AUTH} only, not ${level}`,
    );
  }
  checked.add(requirement);
}

/**
 * Tokens that a route accepts: those that suffice, and those with which a caller receives a
 * challenge.
 */
const TYPES_FOR: Readonly<Record<string, readonly string[]>> = {
  [AGENT]: [TOKEN_TYPES.agent],
  [PERSON]: [TOKEN_TYPES.agent, TOKEN_TYPES.person, TOKEN_TYPES.auth],
  [AUTH]: [TOKEN_TYPES.agent, TOKEN_TYPES.person, TOKEN_TYPES.auth],
  [SERVER]: [],
};

/** `typ` of the tokens that a route accepts, or all of the endpoint's if no route is known yet. */
export function tokenTypesFor(
  requirement: Requirement<string> | undefined,
  ofEndpoint: readonly string[],
): readonly string[] {
  const ofRoute = requirement === undefined ? undefined : TYPES_FOR[requirement.level];
  return ofRoute === undefined ? ofEndpoint : ofEndpoint.filter((type) => ofRoute.includes(type));
}

/** Schemes that a route accepts: agents present a token, servers sign for themselves. */
export function schemesFor(
  requirement: Requirement<string> | undefined,
  ofEndpoint: readonly string[],
): readonly string[] {
  if (requirement === undefined) return ofEndpoint;
  return ofEndpoint.filter((scheme) => (scheme === "jwks_uri") === (requirement.level === SERVER));
}

/** The error of a caller that does not meet the requirement, or undefined. */
export function unmet(
  caller: ProvenCaller,
  requirement: Requirement<string>,
): AAuthVerificationError | undefined {
  const lacks = (code: "identity_required" | "person_required" | "authorization_required", what: string) =>
    new AAuthVerificationError(code, `the route needs ${what}`, { provenCaller: caller });
  switch (requirement.level) {
    case SERVER:
      return caller.server === undefined
        ? lacks("identity_required", "a server that signs for itself")
        : undefined;
    case AGENT:
      return caller.agent === undefined ? lacks("identity_required", "an agent token") : undefined;
    case PERSON:
      return caller.person === undefined ? lacks("person_required", "a person token") : undefined;
    default:
      break;
  }
  const { grant } = caller;
  if (grant === undefined) {
    return caller.person === undefined
      ? lacks("person_required", "a person token, and then an auth token")
      : lacks("authorization_required", "an auth token");
  }
  const { scopes = [], account } = requirement;
  const missing = scopes.filter((scope) => !grant.scopes.includes(scope));
  if (missing.length > 0) {
    return new AAuthVerificationError("insufficient_scope", `the auth token lacks ${missing.join(" ")}`, {
      provenCaller: caller,
      claim: "scope",
      expected: scopes.join(" "),
    });
  }
  if (account !== undefined && grant.claims.account !== account) {
    return new AAuthVerificationError("authorization_required", "the auth token is for another account", {
      provenCaller: caller,
      claim: "account",
    });
  }
  return undefined;
}
