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
  if (isOpen(request.method, request.path)) {
    return {
      passes: true,
      claims: {},
      ...(scheme !== undefined && { note: "open path: identities are not looked at" }),
    };
  }
  if (scheme === undefined) {
    if (check.mode !== "strict") return { passes: true, claims: {} };
    return refused("unsigned, and the route's mode is strict");
  }
  if (isObject(claims) && claims.aud !== undefined && check.authority !== undefined) {
    const audiences = (Array.isArray(claims.aud) ? claims.aud : [claims.aud]) as unknown[];
    if (!audiences.some((audience) => hostOf(audience) === check.authority)) {
      return refused(`the token is for ${audiences.join(", ")}, the route is ${check.authority}`);
    }
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
