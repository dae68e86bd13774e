/**
 * What the tampered requests of all profiles have in common. Each begins as an honest one: the run's own request, signed again just now with
 * the backend's own key as the run signed it, so that nothing but the one thing that was tampered with is wrong with it.
 *
 * @module
 */

import {
  type AAuthErrorCode,
  decodeToken,
  generateSigningKey,
  type SignatureKeyScheme,
  type SigningKey,
  type SignRequestOptions,
  signRequest,
} from "aauth";
import { february2026 } from "aauth/february-2026";
import type { AnyBreakItVariant } from "backend-api";
import type { Run } from "../runs/run.ts";
import type { SentRequest } from "./evidence.ts";

/** A request that is ready to go out as it is. */
export interface ForgedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** What its sender signed; not always what it sends. Unset: it is not signed. */
  readonly signature?: ForgedSignature;
  /** Sent twice: the first time it is honest. */
  readonly twice?: boolean;
  /** Afterwards, whatever the answer was; not part of the attempt. */
  readonly after?: () => Promise<unknown>;
}

interface ForgedSignature {
  readonly base: string;
  readonly components: readonly string[];
  readonly created: number;
  readonly key: SigningKey;
  readonly scheme: SignatureKeyScheme["scheme"];
  readonly profile: string;
  readonly purpose: "resource" | "token";
  /** Whose key it is; unset: the backend's. */
  readonly party?: ForgingParty | undefined;
}

/** A party other than the run's agent, played by the backend: a column of its own in the picture. */
export type ForgingParty = "thief" | "other-agent" | "sub-agent";

/** The key of such a party, and its name for the trace. */
export const keyOfAnother = async (party: ForgingParty) => ({
  key: await generateSigningKey({ kid: `${party}-1` }),
  party,
});

/** The variants of one profile, and what they need of a run. */
export interface BreakItDialect {
  /** In the order in which they are offered. */
  readonly variants: readonly AnyBreakItVariant[];
  /** Why one cannot be tried with what a run has sent; undefined where it can. */
  unavailable(variant: AnyBreakItVariant, sent: readonly SentRequest[]): string | undefined;
  /**
   * Makes the tampered request of a variant that is available, after the honest requests that it takes.
   *
   * @throws AAuthAgentError where an honest one was refused
   */
  forge(variant: AnyBreakItVariant, sent: readonly SentRequest[], run: Run): Promise<ForgedRequest>;
  /** What the check that a variant is for answers with. */
  meant(variant: AnyBreakItVariant): Meant;
  /** The party behind an address. */
  receiverOf(url: string): string;
}

export interface Meant {
  /** A code of the verifier's check, or of a server. Unset where the answer names none: its status counts. */
  readonly codes?: readonly (AAuthErrorCode | string)[];
  /** Below 400 it says that what was tampered with had no effect. */
  readonly status?: number;
  /** For answers that name no section. */
  readonly section?: string;
}

export const NOTHING_SENT =
  "The requests of this run are no longer in the backend’s memory: start a new one.";

/** Signs a request that is about to be tampered with, or is that already. */
export async function signForged(
  request: Pick<ForgedRequest, "method" | "url" | "headers" | "body">,
  options: SignRequestOptions & Pick<Partial<ForgedSignature>, "purpose" | "party">,
): Promise<ForgedRequest> {
  const { key, signatureKey, profile = february2026, purpose = "resource", party } = options;
  const { method, url, headers, body } = request;
  const signed = await signRequest({ method, url, headers, body }, { ...options, profile });
  const { signatureBase: base, coveredComponents: components, created } = signed;
  return {
    method,
    url,
    headers: { ...headers, ...signed.headers },
    ...(body && { body }),
    signature: {
      base,
      components,
      created,
      key,
      scheme: signatureKey.scheme,
      profile: profile.name,
      purpose,
      party,
    },
  };
}

/** One byte of the body flipped on the way. */
export function withFlippedBit(forged: ForgedRequest): ForgedRequest {
  const body = forged.body!.slice();
  body[body.length >> 1]! ^= 1;
  return { ...forged, body };
}

/** Sent to another path than it was signed for. */
export const atAnotherPath = (forged: ForgedRequest): ForgedRequest => ({
  ...forged,
  url: new URL("/admin", forged.url).href,
});

/** Further in the past than any window. */
export const STALE_SECONDS = 600;

/** The headers of a request without what belongs to its signature or to its trace: it is to be signed again. */
export function unsignedHeaders({ headers }: SentRequest): Record<string, string> {
  const signed = ["signature-key", "signature-input", "signature", "content-digest", "nonce"];
  const left = new Set([...signed, "traceparent", "tracestate"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.has(name)));
}

/** Unix seconds at which a token ends; 0 when it does not say. */
export function expiryOf(token: string): number {
  const { exp } = decodeToken(token).claims;
  return typeof exp === "number" ? exp : 0;
}

/** The key a token is bound to; without a token, the current one. */
export function keyOf(token: string | undefined, keys: readonly SigningKey[]): SigningKey {
  const confirmed = token === undefined ? undefined : confirmationOf(token);
  return keys.find(({ publicJwk }) => publicJwk.x === confirmed) ?? keys[0]!;
}

function confirmationOf(token: string): unknown {
  const { cnf } = decodeToken(token).claims as { cnf?: { jwk?: { x?: unknown } } };
  return cnf?.jwk?.x;
}

const SIGNATURE_BYTES = 64;
const SCOPE_TOO_MUCH = "supply-chain:admin";

/** The same token with other parts of its header and its claims, under the same signature. */
export function withChanged(
  token: string,
  changes: { readonly header?: object; readonly claims?: object },
): string {
  const decoded = decodeToken(token);
  const [header, payload, signature] = token.split(".");
  const changed = (part: "header" | "claims") =>
    changes[part] &&
    Buffer.from(JSON.stringify({ ...decoded[part], ...changes[part] })).toString("base64url");
  return [changed("header") ?? header, changed("claims") ?? payload, signature].join(".");
}

/** One more scope, that no server gave. */
export function withWiderScope(token: string): string {
  const { scope = "" } = decodeToken(token).claims;
  return withChanged(token, { claims: { scope: `${scope} ${SCOPE_TOO_MUCH}` } });
}

/** The same claims under a signature of zeros: an empty one would be refused before any key is looked for. */
export function unsignedToken(token: string): string {
  const [header, payload] = token.split(".");
  return `${header}.${payload}.${Buffer.alloc(SIGNATURE_BYTES).toString("base64url")}`;
}
