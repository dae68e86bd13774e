/**
 * The tampered requests of all dialects. Each starts from the run's own request, freshly signed as
 * the run signed it, so that only one thing is wrong with it.
 *
 * @module
 */

import {
  generateSigningKey,
  type SignatureKeyScheme,
  type SigningKey,
  type SignRequestOptions,
  signRequest,
} from "aauth";
import type { SentRequest } from "./evidence.ts";
import type { Material } from "./material.ts";

/** A request that is ready to go out as it is. */
export interface ForgedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** The request as it was signed, which may differ from what is sent. Unset: it is not signed. */
  readonly signature?: ForgedSignature;
  /** Party that sends it. Unset: the backend. */
  readonly party?: ForgingParty | undefined;
  /** Whether it is sent twice. The first time it is honest. */
  readonly twice?: boolean;
  /** An honest request after it. Its status shows whether the tampered one had an effect. */
  readonly proof?: () => Promise<Response>;
  /** Runs afterwards, whatever the answer was; not part of the attempt. */
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
}

/**
 * A party other than the run's agent, played by the backend. It has a column in the picture. The
 * intruder is a browser without a session, and has no key.
 */
export type ForgingParty = "thief" | "other-agent" | "sub-agent" | "intruder";

/** The key of such a party, and its name for the trace. */
export const keyOfAnother = async (party: Exclude<ForgingParty, "intruder">) => ({
  key: await generateSigningKey({ kid: `${party}-1` }),
  party,
});

/** The run that is tampered with, and how its dialect signs. */
export interface ForgeContext {
  readonly profile: SigningProfile;
  readonly material: Material;
  /** The key that the run signed with. */
  readonly key: SigningKey;
  /** Name of the key in the run's requests. */
  readonly signatureKey: SignatureKeyScheme;
  /** A resource that the run's token is not for. */
  readonly otherResourceUrl: string;
  /** Time at which the run's request is signed again, Unix seconds. */
  readonly signingTime: () => number;
  /** Unix seconds. */
  readonly now: () => number;
  /** The request for an auth token of a run with a grant, with another resource token. */
  readonly redeem: (resourceToken: string) => Promise<ForgedRequest>;
}

/** A run of February 2026. */
export interface FebruaryContext extends ForgeContext {
  /** Name of the key in a request without a token. */
  readonly ownName: SignatureKeyScheme;
}

type SigningProfile = NonNullable<SignRequestOptions["profile"]>;

/** How a request is signed, and by which party. */
export type ForgeOptions = Omit<SignRequestOptions, "profile"> & { readonly profile: SigningProfile } & Pick<
    Partial<ForgedSignature>,
    "purpose"
  > &
  Pick<ForgedRequest, "party">;

/** The run's request, or another one, freshly signed. */
export function signed(
  context: ForgeContext,
  changes: Partial<ForgeOptions> & { readonly request?: SentRequest } = {},
): Promise<ForgedRequest> {
  const { profile, key, signatureKey, signingTime: now, material } = context;
  const { request = material.request, ...options } = changes;
  const { method, url, body } = request;
  const headers = unsignedHeaders(request);
  return signForged({ method, url, headers, body }, { profile, key, signatureKey, now, ...options });
}

/** Signs a request, before or after tampering with it. */
export async function signForged(
  request: Pick<ForgedRequest, "method" | "url" | "headers" | "body">,
  options: ForgeOptions,
): Promise<ForgedRequest> {
  const { key, signatureKey, profile, purpose = "resource", party } = options;
  const { method, url, headers, body } = request;
  const { scheme } = signatureKey;
  const signed = await signRequest({ method, url, headers, body }, options);
  const { signatureBase: base, coveredComponents: components, created } = signed;
  return {
    method,
    url,
    headers: { ...headers, ...signed.headers },
    ...(body && { body }),
    party,
    signature: { base, components, created, key, scheme, profile: profile.name, purpose },
  };
}

/** The headers of a request without those of its signature and its trace. */
export function unsignedHeaders({ headers }: SentRequest): Record<string, string> {
  const signed = ["signature-key", "signature-input", "signature", "content-digest", "nonce"];
  const left = new Set([...signed, "traceparent", "tracestate"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.has(name)));
}
