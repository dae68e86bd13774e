import { isOpen } from "gateway-check/open-paths";
import type { AAuthCheck } from "./aauth-check.ts";

/**
 * Predicted answer of gateway-authz about a recorded caller: claims for the rules, or a refusal.
 */
export type PredictedAnswer =
  | { readonly passes: true; readonly claims: object; readonly note?: string }
  | { readonly passes: false; readonly status: number; readonly reason: string };

/**
 * Predicts the part of gateway-authz's decision that depends on the caller's identity, assuming a
 * valid signature and token. Signatures, times and nonces are not considered.
 */
export function predictCheck(
  check: AAuthCheck,
  request: { readonly method: string; readonly path: string },
  aauth: Readonly<Record<string, unknown>>,
): PredictedAnswer {
  const { scheme, jwt_claims: claims } = aauth;
  const profile = aauth.profile ?? (scheme === undefined ? undefined : "february-2026");
  if (isOpen(request.method, request.path, check.profiles)) {
    return {
      passes: true,
      claims: {},
      ...(profile !== undefined && { note: "open path: identities are not checked" }),
    };
  }
  if (profile === undefined) {
    if (check.mode !== "strict") return { passes: true, claims: {} };
    return refused("unsigned, and the route's mode is strict");
  }
  if (!check.profiles.includes(String(profile))) {
    return refused(`the route accepts ${check.profiles.join(" and ")}, but not ${profile}`);
  }
  const { authorities } = check;
  if (isObject(claims) && claims.aud !== undefined && authorities !== undefined) {
    const audiences = (Array.isArray(claims.aud) ? claims.aud : [claims.aud]) as unknown[];
    if (!audiences.some((audience) => authorities.includes(hostOf(audience) ?? ""))) {
      return refused(`the token is for ${audiences.join(", ")}, the route is ${authorities.join(" ")}`);
    }
  }
  const missing = (MISSING.get(String(profile)) ?? missingScheme)(check, aauth);
  return missing === undefined ? { passes: true, claims: aauth } : refused(missing);
}

type Missing = (check: AAuthCheck, aauth: Readonly<Record<string, unknown>>) => string | undefined;

/**
 * Reason why a caller does not meet a route's requirement, by the caller's profile. Default:
 * February's scheme.
 */
const MISSING: ReadonlyMap<string, Missing> = new Map([["draft-11", missingLevel]]);

function missingLevel({ levels }: AAuthCheck, aauth: Readonly<Record<string, unknown>>): string | undefined {
  const isEnough = levels.some((level) => level === aauth.level);
  return isEnough ? undefined : `the route requires ${levels.join(" or ")}`;
}

function missingScheme(
  { requiredScheme }: AAuthCheck,
  { scheme, agent, jwt_claims: claims }: Readonly<Record<string, unknown>>,
): string | undefined {
  // Unlike an auth token, an agent token is issued by the agent itself.
  const isAuthToken = scheme === "Jwt" && isObject(claims) && claims.iss !== agent;
  if (requiredScheme === "jwt" && !isAuthToken) return "the route requires an auth token";
  if (requiredScheme === "jwks" && scheme === "Hwk") return "the route requires an identity";
  return undefined;
}

function refused(reason: string): PredictedAnswer {
  return { passes: false, status: 401, reason };
}

function hostOf(value: unknown): string | undefined {
  return typeof value === "string" && URL.canParse(value) ? new URL(value).host : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
