import { AAuthVerificationError, type Discovery, type EndpointRole } from "aauth";
import { fieldValue } from "aauth/wire";
import { explainMessage } from "./explain-message.ts";
import type { Explanation } from "./explanation.ts";
import type { KnownProfiles } from "./message.ts";
import { profileOf } from "./profile-of.ts";
import { fromBase64, type SavedEvidence, type SavedMessage } from "./saved-run.ts";

/** The outcome of verifying a saved message again. */
export interface SavedVerdict {
  /**
   * `verified`: signature, digest and token are those of the signer and of the token's issuer, by
   * the keys in the file. `refused`: they are not. `recorded`: the file has no evidence, and shows
   * what the receiver recorded.
   */
  readonly state: "verified" | "refused" | "recorded";
  /** Why it is refused. */
  readonly reason?: string;
  /** Time that it is judged at, Unix seconds: when it was signed, which the signature covers. */
  readonly atSeconds?: number;
  /** When the token that it was signed with expires, Unix seconds; absent without a token. */
  readonly tokenExpiresAt?: number;
  /**
   * Each check, tokens decoded, the signature base; absent where the message cannot be judged at
   * all.
   */
  readonly explanation?: Explanation;
}

/**
 * Verifies a saved request: its signature, digest and token, with the verifier of `aauth` and by
 * the keys beside it. Whatever was recorded about it is not looked at. It was valid when it was
 * signed: that a token has expired since is not held against it.
 *
 * It does NOT prove that the keys are those that their parties publish: whoever makes a file can
 * make keys, too. A reader compares their thumbprints. Nor that the request was sent once.
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
    const explanation = await explainEvidence(evidence, profiles, atSeconds);
    const { verdict, code, reason, tokens } = explanation;
    const expiry = tokens.find(({ where }) => where === "signature-key")?.claims?.exp;
    const judged = { atSeconds, explanation, ...(typeof expiry === "number" && { tokenExpiresAt: expiry }) };
    if (verdict === "refused") return { state: "refused", reason: `${code}: ${reason}`, ...judged }; // hole R2
    return { state: "verified", ...judged };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it cannot be judged";
    return { state: "refused", reason, atSeconds };
  }
}

const explainEvidence = (evidence: SavedEvidence, profiles: KnownProfiles, atSeconds: number) => {
  const { method, url, headers, endpoint, keys } = evidence;
  return explainMessage(
    { method, url, headers, body: fromBase64(evidence.body) },
    {
      profiles: [profileOf({ headers }, profiles)],
      discovery: keysOf(evidence),
      endpoint: endpoint as EndpointRole,
      additionalComponents: ["@query"], // hole R2a
      audience: new URL(url).origin,
      trustedIssuers: [...new Set(keys.map(({ id }) => id))],
      now: () => atSeconds,
    },
  );
};

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
  const { signatureKey, signatureInput, signature } = messages.fields;
  const input = fieldValue(headers, signatureInput) ?? "";
  const { label, raw, components } = messages.parseSignatureInput(input);
  const signed = [...components, signatureKey, signatureInput, signature];
  const other = Object.keys(headers).find((name) => !signed.includes(name));
  if (other !== undefined) throw new Error(`the signature does not cover the field ${other}`); // hole R2c
  const isOne = input === `${label}=${raw}` && ONE_SIGNATURE.test(fieldValue(headers, signature) ?? "");
  if (!isOne) throw new Error("the message has more than its one signature"); // hole R2d
}

/** A discovery over the keys beside a message. It fetches nothing. */
function keysOf({ keys }: SavedEvidence): Discovery {
  const ofParty = (id: string) => keys.filter((key) => key.id === id).map(({ jwk }) => jwk as never);
  const none = (id: string, kid?: string): never => {
    const named = kid === undefined ? "" : ` "${kid}"`;
    throw new AAuthVerificationError("discovery_failed", `the key${named} of ${id} is missing in the file`);
  };
  return {
    metadata: async (_kind, id) => none(id),
    key: async (_kind, id, kid) => {
      const found = ofParty(id).find((jwk: { kid?: unknown }) => kid === undefined || jwk.kid === kid);
      return { jwk: found ?? none(id, kid), source: "discovery" };
    },
    replacedKey: async () => undefined,
    keys: async (_kind, id) => ({ keys: ofParty(id) }),
  };
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
