import type { SignatureKeyScheme, SigningKey } from "aauth";
import { february2026 } from "aauth/february-2026";
import { ATTACKS, attacksWith, type BreakItVariant } from "backend-api";
import type { Attempt, BreakItDialect } from "../break-it/dialect.ts";
import { type FebruaryContext, signed } from "../break-it/forged-request.ts";
import { FORGERIES } from "../break-it/forgeries.ts";
import type { Material } from "../break-it/material.ts";
import { expiryOf, jwt, keyOf } from "../break-it/tampering.ts";
import { membersOf } from "../calls/evidence.ts";

interface FebruaryOptions {
  /** The backend's keys, the current one first. */
  readonly keys: () => readonly SigningKey[];
  readonly agentUrl: string;
  readonly otherResourceUrl: string;
  readonly signatureScheme: "hwk" | "jwks";
  /** The backend's identity. */
  readonly id: string;
  /** Unix seconds. */
  readonly now: () => number;
}

/** "Now break it" in February 2026. For a demo only. */
export function februaryBreakIt(options: FebruaryOptions): BreakItDialect {
  const { agentUrl, otherResourceUrl, now } = options;
  const attemptOf = (variant: BreakItVariant): Attempt => {
    const forge = FORGERIES[variant];
    return { ...ATTACKS[variant].february, forge: (material) => forge(contextOf(material, options)) };
  };
  const receivers = new Map([
    [new URL(agentUrl).origin, "supply-chain-agent"],
    [new URL(otherResourceUrl).origin, "market-analysis-agent"],
  ]);
  return {
    attempts: new Map(attacksWith("february").map((variant) => [variant, attemptOf(variant)])),
    checks: february2026.verification.checks,
    elsewhere: "Not available in the profile of February 2026.",
    agentUrl,
    tokenIn({ headers }) {
      const claim = february2026.messages.parseKeyClaim(headers["signature-key"] ?? "");
      return claim.scheme === "jwt" ? claim.jwt : undefined;
    },
    receiverOf: (url) => receivers.get(new URL(url).origin) ?? "auth-server",
    isExpired: ({ token }) => token !== undefined && expiryOf(token) <= now(),
    missing({ token, grant }, needs) {
      if (needs === "grant")
        return grant === undefined ? "This run requested no token from an auth server." : undefined;
      if (needs !== "token" || token !== undefined) return undefined;
      return grant === undefined
        ? "This run needed no auth token."
        : "This run needed an auth token but received none.";
    },
  };
}

function contextOf(material: Material, options: FebruaryOptions): FebruaryContext {
  const { id, signatureScheme, keys, otherResourceUrl, now } = options;
  const { token, grant } = material;
  const identity: SignatureKeyScheme = { scheme: "jwks", id };
  const ownName: SignatureKeyScheme = signatureScheme === "hwk" ? { scheme: "hwk" } : identity;
  const context: FebruaryContext = {
    profile: february2026,
    material,
    otherResourceUrl,
    signingTime: now,
    now,
    key: keyOf(token, keys()),
    signatureKey: token === undefined ? ownName : jwt(token),
    ownName,
    redeem(resourceToken) {
      const { request } = grant!;
      const members = { ...membersOf(request), resource_token: resourceToken, request_type: "auth" };
      const body = new TextEncoder().encode(new URLSearchParams(members).toString());
      return signed(context, { request: { ...request, body }, signatureKey: identity, purpose: "token" });
    },
  };
  return context;
}
