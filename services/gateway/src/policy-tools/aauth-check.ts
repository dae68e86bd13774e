import type { CelContext } from "../cel/expression.ts";
import type { Policies } from "../configuration/document-schema.ts";
import { type CallerKind, FEBRUARY, OF_DRAFT_11, WITH_PERSON, WITH_TOKEN } from "./carriers.ts";

/** Requirements of a route's `extAuthz` to gateway-authz. */
export interface AAuthCheck {
  readonly mode: "strict" | "optional" | "permissive";
  /** Wire profiles that the route accepts. */
  readonly profiles: readonly string[];
  readonly requiredScheme: "hwk" | "jwks" | "jwt";
  /** Levels of draft -11 that the route admits. */
  readonly levels: readonly CallerKind[];
  /** One for each profile. */
  readonly authorities: readonly string[] | undefined;
}

/** Kinds of callers that a route may have: all of the profile's if it makes no check. */
export function callersOf(check: AAuthCheck | undefined, profile: string): readonly CallerKind[] {
  const { profiles, levels } = check ?? { profiles: [profile], levels: OF_DRAFT_11 };
  return Object.entries({ "february-2026": FEBRUARY, "draft-11": levels }).flatMap(([name, callers]) =>
    profiles.includes(name) ? callers : [],
  );
}

/** Profile that gateway-authz assumes for a route that names none. */
export const profileIn = (env: Readonly<Record<string, string | undefined>>): string =>
  env.AAUTH_PROFILE?.toLowerCase() || "february-2026";

/**
 * The AAuth check of a route, or undefined if it makes none.
 *
 * @param profile of a route that names none
 * @param context context of one request, on which requirements may depend; without it, literals
 * apply, and the least strict value of anything that depends on the request
 */
export function aauthCheckOf(
  { extAuthz }: Policies,
  profile: string,
  context: CelContext = UNSET,
): AAuthCheck | undefined {
  if (extAuthz?.metadata.aauth === undefined) return undefined;
  const field = (name: string) => {
    const value = extAuthz.addRequestHeaders[name]?.valueOrUndefined(context);
    return typeof value === "string" ? value : undefined;
  };
  const depends = (name: string) => context === UNSET && name in extAuthz.addRequestHeaders;
  return {
    mode: (field("x-aauth-mode") ?? (depends("x-aauth-mode") ? "optional" : "strict")) as AAuthCheck["mode"],
    requiredScheme: (field("x-aauth-required-scheme") ?? "hwk") as AAuthCheck["requiredScheme"],
    profiles: field("x-aauth-profiles")?.split(" ") ?? [profile],
    levels: levelsFor(field("x-aauth-required-level"), depends("x-aauth-required-level")),
    authorities: field("x-aauth-authority")?.split(" "),
  };
}

function levelsFor(required: string | undefined, depends: boolean): readonly CallerKind[] {
  if (required === undefined) return depends ? OF_DRAFT_11 : WITH_TOKEN;
  if (required === "person-token") return WITH_PERSON;
  return required === "agent-token" || required === "server" ? [required] : WITH_TOKEN;
}

const UNSET = { request: null, response: null, source: null, extauthz: null, jwt: null };
