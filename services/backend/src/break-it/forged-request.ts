/**
 * The tampered requests of all dialects. Each starts from the run's own request, signed again the
 * same way, so that it has exactly one fault.
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
import type { SentRequest } from "../calls/evidence.ts";
import type { Material } from "./material.ts";

/** A request that is ready to be sent unchanged. */
export interface ForgedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** The request as signed, which may differ from the one sent. Unset: unsigned. */
  readonly signature?: ForgedSignature;
  /** Party that sends it. Unset: the backend. */
  readonly party?: ForgingParty | undefined;
  /** Whether it is sent twice. The first time is honest. */
  readonly twice?: boolean;
  /** An honest follow-up request. Its status shows whether the tampered one had an effect. */
  readonly proof?: () => Promise<Response>;
  /** Cleanup that runs regardless of the answer and is not part of the attempt. */
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
 * A party other than the run's agent, played by the backend, with its own column in the diagram.
 * The intruder is a browser without a session, and has no key.
 */
export type ForgingParty = "thief" | "other-agent" | "sub-agent" | "intruder";

/** Key of such a party, and the party's name for the trace. */
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
  /** Key identification in the run's requests. */
  readonly signatureKey: SignatureKeyScheme;
  /** A resource that the run's token is not for. */
  readonly otherResourceUrl: string;
  /** Time of signing the run's request again, Unix seconds. */
  readonly signingTime: () => number;
  /** Unix seconds. */
  readonly now: () => number;
  /** The run's request for an auth token, with another resource token. */
  readonly redeem: (resourceToken: string) => Promise<ForgedRequest>;
}

/** A run of February 2026. */
export interface FebruaryContext extends ForgeContext {
  /** Key identification in a request without a token. */
  readonly ownName: SignatureKeyScheme;
}

type SigningProfile = NonNullable<SignRequestOptions["profile"]>;

/** Options for signing a forged request, and the party that signs it. */
export type ForgeOptions = Omit<SignRequestOptions, "profile"> & { readonly profile: SigningProfile } & Pick<
    Partial<ForgedSignature>,
    "purpose"
  > &
  Pick<ForgedRequest, "party">;

/** Signs the run's request, or another one, again. */
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

/** Headers of a request, without those of its signature and its trace. */
export function unsignedHeaders({ headers }: SentRequest): Record<string, string> {
  const signed = ["signature-key", "signature-input", "signature", "content-digest", "nonce"];
  const left = new Set([...signed, "traceparent", "tracestate"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.has(name)));
}
