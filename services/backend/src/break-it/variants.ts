/**
 * The tampered requests. Each begins as an honest one: the run's own request, signed again just now with the backend's own key as the run
 * signed it, so that nothing but the one thing that was tampered with is wrong with it.
 *
 * @module
 */

import {
  type AAuthErrorCode,
  type Credential,
  decodeToken,
  generateSigningKey,
  type SigningKey,
  signRequest,
} from "aauth";
import type { BreakItVariant } from "backend-api";
import { type Material, unsignedHeaders } from "./material.ts";

/** A request that is ready to go out as it is. */
export interface ForgedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** What its sender signed; not always what it sends. */
  readonly signatureBase: string;
  readonly components: readonly string[];
  readonly created: number;
  readonly key: SigningKey;
  readonly scheme: Credential["scheme"];
  /** Sent twice: the first time it is honest. */
  readonly twice?: boolean;
}

export interface ForgeContext {
  readonly material: Material;
  /** The key that the run signed with. */
  readonly key: SigningKey;
  /** As the run named its key. */
  readonly credential: Credential;
  /** The backend's identity, for requests to the auth server. */
  readonly identity: Credential;
  /** Another resource than the auth token is for. */
  readonly otherResource: string;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Further in the past than any window. */
const STALE_SECONDS = 600;
const SIGNATURE_BYTES = 64;
const SCOPE_TOO_MUCH = "supply-chain:admin";

/** One way to tamper with a run. */
export interface Variant {
  /** The code of the check that it is meant for. */
  readonly meant: AAuthErrorCode;
  /** What the run must have left behind besides a request. */
  readonly needs?: "authToken" | "grant";
  readonly forge: (context: ForgeContext) => Promise<ForgedRequest>;
}

export const VARIANTS: Readonly<Record<BreakItVariant, Variant>> = {
  /** One byte of the body flipped on the way. */
  "changed-body": {
    meant: "digest_mismatch",
    forge: async (context) => {
      const forged = await signed(context);
      const body = forged.body.slice();
      body[body.length >> 1]! ^= 1;
      return { ...forged, body };
    },
  },

  /** Sent to another path than it was signed for. */
  "changed-path": {
    meant: "invalid_signature",
    forge: async (context) => {
      const forged = await signed(context);
      return { ...forged, url: new URL("/admin", forged.url).href };
    },
  },

  /** Signed with a foreign key, under the backend's name. */
  "other-key": {
    meant: "invalid_signature",
    forge: async (context) => signed(context, { key: await impostor(context.key) }),
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
      signed(context, { key: await generateSigningKey({ kid: "thief-1" }), credential: tokenOf(context) }),
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
      });
    },
  },
};

interface Changes {
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly key?: SigningKey;
  readonly credential?: Credential;
  readonly now?: () => number;
}

async function signed(context: ForgeContext, changes: Changes = {}): Promise<ForgedRequest> {
  const { request } = context.material;
  const {
    url = request.url,
    headers = unsignedHeaders(request),
    body = request.body,
    key = context.key,
    credential = context.credential,
    now = context.now,
  } = changes;
  const { method } = request;
  const signature = await signRequest({ method, url, headers, body }, { key, signatureKey: credential, now });
  return {
    method,
    url,
    headers: { ...headers, ...signature.headers },
    body,
    signatureBase: signature.signatureBase,
    components: signature.coveredComponents,
    created: signature.created,
    key,
    scheme: credential.scheme,
  };
}

/** A foreign key with the key id of ours and, for scheme hwk, its public half. */
async function impostor(key: SigningKey): Promise<SigningKey> {
  const other = await generateSigningKey({ kid: key.kid });
  return { ...other, publicJwk: key.publicJwk, sign: other.sign };
}

function tokenOf({ material }: ForgeContext): { readonly scheme: "jwt"; readonly jwt: string } {
  return { scheme: "jwt", jwt: material.authToken! };
}

/** The same token with one more scope under the same signature. */
function withWiderScope(token: string): string {
  const [header, , signature] = token.split(".");
  const { claims } = decodeToken(token);
  const scope = `${claims.scope ?? ""} ${SCOPE_TOO_MUCH}`;
  const payload = Buffer.from(JSON.stringify({ ...claims, scope })).toString("base64url");
  return `${header}.${payload}.${signature}`;
}

/** The same claims under a signature of zeros: an empty one would be refused before any key is looked for. */
function unsignedToken(token: string): string {
  const [header, payload] = token.split(".");
  return `${header}.${payload}.${Buffer.alloc(SIGNATURE_BYTES).toString("base64url")}`;
}
