import {
  AAuthVerificationError,
  type Discovery,
  decodeToken,
  type EndpointRole,
  type IssuerJwk,
  jwkThumbprint,
  type ProvenCaller,
} from "aauth";
import { fieldValue } from "aauth/wire";
import { explainMessage } from "./explain-message.ts";
import type { Explanation } from "./explanation.ts";
import { discoveryOf } from "./given-keys.ts";
import type { KnownProfiles } from "./message.ts";
import { profileOf } from "./profile-of.ts";
import type { GivenJwk } from "./rfc9421/public-key.ts";
import type { SavedAttack, SavedEvidence, SavedKey, SavedMessage } from "./saved-run.ts";
import { fromBase64 } from "./saved-run-file.ts";
import { signedFields } from "./signed-fields.ts";

/** The outcome of verifying a saved message again. */
export interface SavedVerdict {
  /**
   * `verified`: signature, digest and token are those of the signer and of the token's issuer, by
   * the keys in the file. `refused`: they are not. `recorded`: the file has no evidence, and shows
   * what the receiver recorded.
   */
  readonly state: "verified" | "refused" | "recorded";
  /** Reason for the refusal. */
  readonly reason?: string;
  /**
   * Time at which it is judged, Unix seconds: the time of the signature, which the signature
   * covers.
   */
  readonly atSeconds?: number;
  /** Expiry of the token that it was signed with, Unix seconds; absent without a token. */
  readonly tokenExpiresAt?: number;
  /** Claims that the signature proves by the keys in the file; absent unless `verified`. */
  readonly proven?: ProvenRequest;
  /**
   * Each check, tokens decoded, the signature base; absent where the message cannot be judged at
   * all.
   */
  readonly explanation?: Explanation;
}

/** Names of a verified request: none of them is the word of the file's maker alone. */
export interface ProvenRequest {
  /** Agent identifier, else server, else `key` and the thumbprint of the key. */
  readonly signer: string;
  readonly method: string;
  /** Host and port that it was signed for. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** The key of the signature, then those of the parties that it or its token names. */
  readonly keys: readonly UsedKey[];
}

/** A key that a request was verified by. */
export interface UsedKey {
  /** Party whose key it is in the file; absent for a key that the token or the request names. */
  readonly id?: string;
  /** Name that the token or the request has for it. */
  readonly kid?: string;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
}

/**
 * Verifies a saved request: its signature, digest and token, with the verifier of `aauth` and the
 * saved keys. It ignores the recorded verdict, and judges at the time of the signature: a token
 * that has expired since is still valid.
 *
 * Does NOT prove that the parties publish these keys, because the maker of a file can make keys,
 * too. A reader compares their thumbprints. Nor does it prove that the request was sent once.
 *
 * Never throws for anything in the message.
 */
export async function verifySavedMessage(
  { evidence }: Pick<SavedMessage, "evidence">,
  profiles: KnownProfiles,
): Promise<SavedVerdict> {
  if (evidence === undefined) return { state: "recorded" };
  const atSeconds = signedAt(evidence, profiles);
  try {
    requireNothingUnsigned(evidence, profiles);
    const keys = new KeysInFile(evidence.keys);
    const explanation = await explainEvidence(evidence, profiles, { atSeconds, discovery: keys.discovery });
    const { verdict, code, reason, tokens, caller, request } = explanation;
    const expiry = tokens.find(({ where }) => where === "signature-key")?.claims?.exp;
    const judged = { atSeconds, explanation, ...(typeof expiry === "number" && { tokenExpiresAt: expiry }) };
    if (verdict === "refused") return { state: "refused", reason: `${code}: ${reason}`, ...judged }; // hole R2
    if (caller === undefined) return { state: "verified", ...judged };
    const { method, authority, target } = request;
    const proven = { signer: signerOf(caller), method, authority, target, keys: await keys.usedFor(caller) };
    return { state: "verified", ...judged, proven };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it cannot be judged";
    return { state: "refused", reason, atSeconds };
  }
}

/**
 * Whether an attack is refused here by the check that its receiver recorded. The check can differ:
 * a file is judged at the time of the signature, and a receiver's memory is not in it.
 */
export function isRefusedAsRecorded({ aauth }: SavedAttack, { state, reason }: SavedVerdict): boolean {
  const code = aauth.facts.find(({ name }) => name === "Code")?.value;
  return state === "refused" && code !== undefined && reason?.startsWith(`${code}: `) === true;
}

const signerOf = ({ agent, server, thumbprint }: ProvenCaller) => agent ?? server ?? `key ${thumbprint}`;

const explainEvidence = (
  evidence: SavedEvidence,
  profiles: KnownProfiles,
  { atSeconds, discovery }: { readonly atSeconds: number; readonly discovery: Discovery },
) => {
  const { method, url, headers, endpoint } = evidence;
  return explainMessage(
    { method, url, headers, body: fromBase64(evidence.body) },
    {
      profiles: [profileOf({ headers }, profiles)],
      discovery,
      endpoint: endpoint as EndpointRole,
      additionalComponents: ["@query"], // hole R2a
      audience: new URL(url).origin,
      issuers: issuersIn(headers),
      now: () => atSeconds,
    },
  );
};

/**
 * Issuer of the token that a request is signed with. Trust in it proves nothing: its key has to be
 * among those that the token is verified by.
 */
export function issuersIn(headers: SavedEvidence["headers"]): readonly string[] {
  const token = /"(eyJ[^"]+)"/.exec(headers["signature-key"] ?? "")?.[1];
  try {
    const issuer = token === undefined ? undefined : decodeToken(token).claims.iss;
    return typeof issuer === "string" ? [issuer] : [];
  } catch {
    return [];
  }
}

/** `sig=:…:`, one member without parameters. */
const ONE_SIGNATURE = /^[a-z*][\w.*-]*=:[\w+/-]+=*:$/;

/**
 * Refuses what a reader would take for signed, and no signature covers: a fragment, an empty query
 * (draft -11 signs it like an absent one), other header fields, a second signature.
 *
 * @throws Error
 */
function requireNothingUnsigned({ url, headers }: SavedEvidence, profiles: KnownProfiles): void {
  if (/#|\?$/.test(url)) throw new Error("no signature covers a fragment or an empty query"); // hole R2b
  const { messages } = profileOf({ headers }, profiles);
  const { signatureInput, signature } = messages.fields;
  const input = fieldValue(headers, signatureInput) ?? "";
  const { label, raw } = messages.parseSignatureInput(input);
  const signed = signedFields({ headers }, profiles);
  const other = Object.keys(headers).find((name) => !signed.has(name));
  if (other !== undefined) throw new Error(`the signature does not cover the field ${other}`); // hole R2c
  const isOne = input === `${label}=${raw}` && ONE_SIGNATURE.test(fieldValue(headers, signature) ?? "");
  if (!isOne) throw new Error("the message has more than its one signature"); // hole R2d
}

/** The keys beside a message, and which of them it was verified by. */
class KeysInFile {
  readonly #keys: readonly SavedKey[];
  readonly #used = new Map<string, { readonly id: string; readonly kid?: string; readonly jwk: IssuerJwk }>();

  constructor(keys: readonly SavedKey[]) {
    this.#keys = keys;
  }

  readonly #given = discoveryOf((id) => this.#of(id), missing);

  readonly discovery: Discovery = {
    ...this.#given,
    key: async (kind, id, kid) => {
      const found = await this.#given.key(kind, id, kid);
      this.#used.set(JSON.stringify([id, kid]), { id, ...(kid !== undefined && { kid }), jwk: found.jwk });
      return found;
    },
  };

  /** The key of the caller first. A key that was not asked for proves nothing, and is left out. */
  async usedFor({ thumbprint }: ProvenCaller): Promise<readonly UsedKey[]> {
    const asked = await Promise.all(
      [...this.#used.values()].map(async ({ jwk, ...key }) => ({
        ...key,
        thumbprint: await jwkThumbprint(jwk),
      })),
    );
    return asked.some((key) => key.thumbprint === thumbprint) ? asked : [{ thumbprint }, ...asked];
  }

  #of(id: string): GivenJwk[] {
    return this.#keys.filter((key) => key.id === id).map(({ jwk }) => jwk as GivenJwk);
  }
}

function missing(id: string, kid?: string): never {
  const named = kid === undefined ? "" : ` "${kid}"`;
  throw new AAuthVerificationError("discovery_failed", `the key${named} of ${id} is missing in the file`);
}

function signedAt({ headers }: SavedEvidence, profiles: KnownProfiles): number {
  const { messages } = profileOf({ headers }, profiles);
  try {
    const value = fieldValue(headers, messages.fields.signatureInput) ?? "";
    return messages.parseSignatureInput(value).created ?? 0;
  } catch {
    return 0;
  }
}
