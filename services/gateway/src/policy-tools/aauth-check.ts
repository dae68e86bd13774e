import type { CelContext } from "../cel/expression.ts";
import type { Policies } from "../configuration/document-schema.ts";

/** What a route's `extAuthz` asks of gateway-authz. */
export interface AAuthCheck {
  readonly mode: "strict" | "optional" | "permissive";
  readonly requiredScheme: "hwk" | "jwks" | "jwt";
  readonly authority: string | undefined;
}

/**
 * The AAuth check of a route, or undefined when it makes none.
 *
 * @param context of one request, where what is asked for may depend on it; without one, only literals count
 */
export function aauthCheckOf({ extAuthz }: Policies, context: CelContext = UNSET): AAuthCheck | undefined {
  if (extAuthz?.metadata.aauth === undefined) return undefined;
  const field = (name: string) => {
    const value = extAuthz.addRequestHeaders[name]?.valueOrUndefined(context);
    return typeof value === "string" ? value : undefined;
  };
  return {
    mode: (field("x-aauth-mode") ?? "strict") as AAuthCheck["mode"],
    requiredScheme: (field("x-aauth-required-scheme") ?? "hwk") as AAuthCheck["requiredScheme"],
    authority: field("x-aauth-authority"),
  };
}

const UNSET = { request: null, response: null, source: null, extauthz: null, jwt: null };
