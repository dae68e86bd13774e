/**
 * The tampered requests of February 2026.
 *
 * @module
 */

import type { AAuthErrorCode, SignatureKeyScheme, SigningKey } from "aauth";
import { type AnyBreakItVariant, type BreakItVariant, breakItVariantSchema } from "backend-api";
import type { SentRequest } from "./evidence.ts";
import { type Material, materialOf } from "./february-material.ts";
import {
  atAnotherPath,
  type BreakItDialect,
  expiryOf,
  type ForgedRequest,
  type ForgingParty,
  keyOf,
  keyOfAnother,
  NOTHING_SENT,
  STALE_SECONDS,
  signForged,
  unsignedHeaders,
  unsignedToken,
  withFlippedBit,
  withWiderScope,
} from "./variants.ts";

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

interface ForgeContext {
  readonly material: Material;
  /** The key that the run signed with. */
  readonly key: SigningKey;
  /** As the run named its key. */
  readonly credential: SignatureKeyScheme;
  /** The backend's identity, for requests to the auth server. */
  readonly identity: SignatureKeyScheme;
  /** Another resource than the auth token is for. */
  readonly otherResource: string;
  readonly now: () => number;
}

/** One way to tamper with a run. */
interface Variant {
  /** The code of the check that it is meant for. */
  readonly meant: AAuthErrorCode;
  /** What the run must have left behind besides a request. */
  readonly needs?: "authToken" | "grant";
  readonly forge: (context: ForgeContext) => Promise<ForgedRequest>;
}

/** "Try to break it" in February 2026. Belongs into a demo, and nowhere else. */
export function februaryDialect(options: FebruaryOptions): BreakItDialect {
  const { agentUrl, otherResourceUrl, id, signatureScheme, keys, now } = options;
  const variantOf = (variant: AnyBreakItVariant): Variant | undefined =>
    (VARIANTS as Partial<Record<AnyBreakItVariant, Variant>>)[variant];

  function contextOf(material: Material): ForgeContext {
    const { authToken } = material;
    const identity: SignatureKeyScheme = { scheme: "jwks", id };
    const first: SignatureKeyScheme = signatureScheme === "hwk" ? { scheme: "hwk" } : identity;
    return {
      material,
      key: keyOf(authToken, keys()),
      credential: authToken === undefined ? first : { scheme: "jwt", jwt: authToken },
      identity,
      otherResource: otherResourceUrl,
      now,
    };
  }

  return {
    variants: breakItVariantSchema.options,
    meant: (variant) => ({ codes: [variantOf(variant)!.meant] }),
    forge: (variant, sent) => variantOf(variant)!.forge(contextOf(materialOf(sent, agentUrl)!)),
    unavailable: (variant, sent) => unavailable(variantOf(variant), sent),
    receiverOf(url) {
      const { origin } = new URL(url);
      if (origin === new URL(agentUrl).origin) return "supply-chain-agent";
      return origin === new URL(otherResourceUrl).origin ? "market-analysis-agent" : "auth-server";
    },
  };

  function unavailable(variant: Variant | undefined, sent: readonly SentRequest[]): string | undefined {
    if (variant === undefined) return "This is not in the profile of February 2026.";
    const material = materialOf(sent, agentUrl);
    if (material === undefined) return NOTHING_SENT;
    const { authToken, grant } = material;
    const { needs } = variant;
    if (needs === "grant") {
      return grant === undefined ? "This run asked no auth server for a token." : undefined;
    }
    if (needs === "authToken" && authToken === undefined) {
      return grant === undefined
        ? "This run needed no auth token."
        : "This run needed an auth token and has not got one.";
    }
    if (authToken !== undefined && expiryOf(authToken) <= now()) {
      return "The auth token of this run has expired, which would be refused first: start a new one.";
    }
    return undefined;
  }
}

const VARIANTS: Readonly<Record<BreakItVariant, Variant>> = {
  /** One byte of the body flipped on the way. */
  "changed-body": {
    meant: "digest_mismatch",
    forge: async (context) => withFlippedBit(await signed(context)),
  },

  /** Sent to another path than it was signed for. */
  "changed-path": {
    meant: "invalid_signature",
    forge: async (context) => atAnotherPath(await signed(context)),
  },

  /** Signed with a foreign key, under the backend's name. */
  "other-key": {
    meant: "invalid_signature",
    forge: underClaimedName,
  },

  /** Signed ten minutes ago. */
  stale: {
    meant: "created_out_of_window",
    forge: async (context) => signed(context, { now: () => context.now() - STALE_SECONDS }),
  },

  /** Overheard and sent again. */
  replay: {
    meant: "nonce_replayed",
    forge: async (context) => ({ ...(await signed(context)), twice: true }),
  },

  /** The auth token, presented without the key it is bound to. */
  "stolen-token": {
    meant: "invalid_signature",
    needs: "authToken",
    forge: async (context) =>
      signed(context, { ...(await keyOfAnother("thief")), credential: tokenOf(context) }),
  },

  /** The holder writes a scope into the auth token that the auth server never gave. */
  "widened-scope": {
    meant: "invalid_token_signature",
    needs: "authToken",
    forge: async (context) =>
      signed(context, { credential: { scheme: "jwt", jwt: withWiderScope(tokenOf(context).jwt) } }),
  },

  /** The auth token at a resource that it is not for. */
  "other-audience": {
    meant: "token_audience_mismatch",
    needs: "authToken",
    forge: async (context) => signed(context, { url: `${context.otherResource}/` }),
  },

  /** An unsigned resource token, at the auth server. */
  "unsigned-resource-token": {
    meant: "invalid_token_signature",
    needs: "grant",
    forge: async (context) => {
      const { request, resourceToken } = context.material.grant!;
      const form = new URLSearchParams(new TextDecoder().decode(request.body));
      form.set("resource_token", unsignedToken(resourceToken));
      form.set("request_type", "auth");
      return signed(context, {
        url: request.url,
        headers: unsignedHeaders(request),
        body: new TextEncoder().encode(form.toString()),
        credential: context.identity,
        purpose: "token",
      });
    },
  },
};

interface Changes {
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly key?: SigningKey;
  readonly credential?: SignatureKeyScheme;
  readonly now?: () => number;
  readonly purpose?: "token";
  readonly party?: ForgingParty | undefined;
}

function signed(context: ForgeContext, changes: Changes = {}): Promise<ForgedRequest> {
  const { request } = context.material;
  const { url = request.url, headers = unsignedHeaders(request), body = request.body } = changes;
  const { key = context.key, credential = context.credential, now = context.now, purpose, party } = changes;
  const { method } = request;
  return signForged(
    { method, url, headers, body },
    { key, signatureKey: credential, now, party, ...(purpose && { purpose }) },
  );
}

/** By a foreign key that claims the key id of ours and, for scheme hwk, its public half. The trace has its own name. */
async function underClaimedName(context: ForgeContext): Promise<ForgedRequest> {
  const { kid, publicJwk } = context.key;
  const { key, party } = await keyOfAnother("thief");
  const forged = await signed(context, { key: { ...key, kid, publicJwk }, party });
  return { ...forged, signature: { ...forged.signature!, key } };
}

function tokenOf({ material }: ForgeContext): { readonly scheme: "jwt"; readonly jwt: string } {
  return { scheme: "jwt", jwt: material.authToken! };
}
