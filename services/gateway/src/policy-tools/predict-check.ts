import { isOpen } from "gateway-check/open-paths";
import type { AAuthCheck } from "./aauth-check.ts";

/** What gateway-authz answers about a recorded caller: claims for the rules, or its own refusal. */
export type PredictedAnswer =
  | { readonly passes: true; readonly claims: object; readonly note?: string }
  | { readonly passes: false; readonly status: number; readonly reason: string };

/**
 * The part of gateway-authz's decision that depends on who the caller is, given that its signature and token are good. Signatures,
 * times and nonces are not its subject.
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
      ...(profile !== undefined && { note: "open path: identities are not looked at" }),
    };
  }
  if (profile === undefined) {
    if (check.mode !== "strict") return { passes: true, claims: {} };
    return refused("unsigned, and the route's mode is strict");
  }
  if (!check.profiles.includes(String(profile))) {
    return refused(`the route takes ${check.profiles.join(" and ")}, and no message of ${profile}`);
  }
  const { authorities } = check;
  if (isObject(claims) && claims.aud !== undefined && authorities !== undefined) {
    const audiences = (Array.isArray(claims.aud) ? claims.aud : [claims.aud]) as unknown[];
    if (!audiences.some((audience) => authorities.includes(hostOf(audience) ?? ""))) {
      return refused(`the token is for ${audiences.join(", ")}, the route is ${authorities.join(" ")}`);
    }
  }
  if (profile === "draft-11") {
    if (check.levels.some((level) => level === aauth.level)) return { passes: true, claims: aauth };
    return refused(`the route takes ${check.levels.join(" and ")}`);
  }
  // An auth token has an audience and names its issuer; an agent token is issued by the agent itself.
  const isAuthToken = scheme === "Jwt" && isObject(claims) && claims.iss !== aauth.agent;
  if (check.requiredScheme === "jwt" && !isAuthToken) return refused("the route requires an auth token");
  if (check.requiredScheme === "jwks" && scheme === "Hwk") return refused("the route requires an identity");
  return { passes: true, claims: aauth };
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
