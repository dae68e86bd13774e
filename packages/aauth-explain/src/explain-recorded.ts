import { canonicalAuthority, type Discovery, decodeToken, type Requirement, type WireProfile } from "aauth";
import type { VerifierOptions } from "aauth/resource";
import { fieldValue, TOKEN_TYPES } from "aauth/wire";
import { asRecorded } from "./as-recorded.ts";
import { explainMessage } from "./explain-message.ts";
import type { Explanation } from "./explanation.ts";
import { givenKeys, MISSING_KEYS } from "./given-keys.ts";
import type { KnownProfiles, MessageToExplain } from "./message.ts";
import { profileOf } from "./profile-of.ts";
import type { RecordedMessage } from "./read/http-parts.ts";
import { InputError } from "./read/input-error.ts";
import { isPlainSignature } from "./rfc9421/explain-signature.ts";
import { toBase64 } from "./saved-run-file.ts";
import { sentenceOf } from "./sentences.ts";

/**
 * Configuration of the resource that judges a message. Default of all: the message's own claims.
 */
export interface RecordedOptions {
  /** Dialects that the message may be in. One of unknown shape is judged by the first. */
  readonly profiles: KnownProfiles;
  /** Key sets as JSON: `{"keys":[…]}`, a JWK, or `{"identifier":{"keys":[…]}}`. Default: none. */
  readonly keys?: readonly string[] | undefined;
  /**
   * Source of keys that `keys` lacks; `discovery_failed` from it is `undecided`. Default: none, so
   * that nothing is fetched.
   */
  readonly discovery?: Discovery | undefined;
  /** Resource identifier that auth tokens must be for. Default: the message's origin. */
  readonly audience?: string | undefined;
  /** Issuers whose auth tokens are accepted. Default: the token's issuer. */
  readonly issuers?: readonly string[] | undefined;
  /** Level that the route requires. Default: none. */
  readonly level?: string | undefined;
  /** Scopes that the route requires. Default: none. */
  readonly scopes?: readonly string[] | undefined;
  /** `now`, `created` or Unix seconds. Default: when it was recorded, else when it was signed. */
  readonly at?: string | undefined;
  /**
   * Kind of endpoint that received it. Default: a resource; for a server of draft -11 a revocation
   * endpoint.
   */
  readonly endpoint?: string | undefined;
  /** Unix seconds. Default: the system's clock. */
  readonly now?: (() => number) | undefined;
}

/** Time that a message is judged by. */
export interface ExplainedClock {
  /** Unix seconds. */
  readonly seconds: number;
  readonly source: "now" | "created" | "recorded" | "given";
}

/** An explanation, and what it rests on. */
export interface RecordedExplanation extends Explanation {
  readonly judgedAt: ExplainedClock;
  /** Values taken from the message because no option states them. */
  readonly assumed: readonly string[];
}

/**
 * Explains a recorded message by a verifier with these options, and fetches nothing without
 * `discovery`. Its verdict is `undecided`
 * if a key is not given or the record is cut: a verifier that has them may accept the message.
 *
 * @throws InputError `not_a_request` for an address that cannot be signed, `bad_usage`,
 * `malformed_jwks`, `private_key`, `input_too_large`, `mission_damaged`
 *
 * @example
 * for (const recorded of readInput(har))
 *   console.log((await explainRecorded(recorded, { profiles: [draft11] })).sentence);
 */
export async function explainRecorded(
  recorded: RecordedMessage,
  options: RecordedOptions,
): Promise<RecordedExplanation> {
  const { message } = recorded;
  const own = recorded.keys === undefined ? [] : [recorded.keys];
  const { issuers: given = [] } = options;
  requireAddress(message.url);
  requireSize(message);
  await requireDigests(recorded);
  const judgedAt = readClock(recorded, options);
  const profile = profileOf(message, options.profiles);
  const { isIdentifier } = profile.documents;
  const issuer = tokenIssuer(message, profile);
  const { origin } = new URL(message.url);
  const needsAudience = issuer !== undefined || given.length > 0;
  if (options.audience === undefined && needsAudience && !isIdentifier(origin)) {
    throw new InputError(
      "bad_usage",
      `${origin} is no identifier in ${profile.name}: --audience names the resource that is there`,
    );
  }
  const audience = options.audience ?? (isIdentifier(origin) ? origin : undefined);
  const issuers = given.length > 0 || issuer === undefined ? given : [issuer];
  for (const [flag, ids] of [
    ["--audience", audience === undefined ? [] : [audience]],
    ["--issuer", issuers],
  ] as const) {
    if (!ids.every(isIdentifier))
      throw new InputError("bad_usage", `${flag} is no identifier in ${profile.name}`);
  }
  const requirement = readRequirement(options, profile);
  const { endpoint, isAssumed } = readEndpoint(options, message, profile);
  const explanation = await explainMessage(message, {
    ...givenKeys([...(options.keys ?? []), ...own], options.discovery),
    profiles: [profile],
    endpoint,
    ...(audience !== undefined && { audience }),
    issuers,
    now: () => judgedAt.seconds,
    ...(requirement && { requirement }),
  });
  const assumed = [
    ...(issuer !== undefined && given.length === 0 ? [`issuer ${issuer} is trusted`] : []),
    ...(issuer !== undefined && options.audience === undefined ? [`the resource is ${audience}`] : []),
    ...(own.length > 0 ? ["the keys in the file are their parties’"] : []),
    ...(isAssumed ? [`it was sent to a ${endpoint} endpoint (--endpoint)`] : []),
    ...(requirement === undefined && !isPlainSignature(message)
      ? ["nothing more than a valid signature is demanded"]
      : []),
  ];
  return { ...undecided(recorded, explanation), judgedAt, assumed };
}

/** Compares each part of the recording with its digest. */
async function requireDigests({ digested = [] }: RecordedMessage): Promise<void> {
  for (const { name, bytes, digest } of digested) {
    const hash = toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
    const isSame = hash.replaceAll("+", "-").replaceAll("/", "_").replace("=", "") === digest;
    if (!isSame) throw new InputError("mission_damaged", `s256 is not the digest of ${name}`); // hole W19
  }
}

/** The explanation; without a verdict where the record lacks what the verdict needs. */
function undecided(
  { message, isBodyMissing, recorded }: RecordedMessage,
  explanation: Explanation,
): Explanation {
  const cut = isCut(message);
  const isBodyNeeded = isBodyMissing && /^digest_/.test(explanation.code ?? "");
  const reason = cut ? CUT : isBodyNeeded ? NO_BODY : explanation.reason;
  const isOpen = cut || isBodyNeeded || explanation.code === MISSING_KEYS;
  if (!isOpen || reason === undefined) return explanation;
  const known = recorded && asRecorded(recorded, reason);
  const { remedy: _remedy, secondOpinion, ...whole } = explanation;
  // A signature that is cut in the record verifies nowhere.
  const judged = cut || secondOpinion === undefined ? whole : { ...whole, secondOpinion };
  const open: Explanation = { ...judged, verdict: "undecided", reason, ...known };
  return { ...open, sentence: sentenceOf(open) };
}

const CUT = "the record is cut: signature or token end with …, and cannot be judged";
const NO_BODY = "the record has no body, and the digest cannot be compared";

/**
 * A record of spans has the beginning of a signature or a token and an ellipsis, which such a field
 * cannot contain.
 */
const isCut = (message: MessageToExplain): boolean =>
  ["signature", "signature-key"].some((name) => fieldOf(message, name).includes("…"));

function requireAddress(url: string): void {
  try {
    canonicalAuthority(url);
  } catch (error) {
    throw new InputError("not_a_request", (error as TypeError).message);
  }
}

/** Longest target and fields together, in characters: servers take a tenth of it. */
const MAX_HEAD_CHARACTERS = 262_144;

/** Some expressions and edits take more than linear time for what no server would take. */
function requireSize({ url, headers }: MessageToExplain): void {
  const fields = Object.entries(headers).flatMap(([name, value = ""]) => [name, value].flat());
  if (fields.reduce((sum, text) => sum + text.length, url.length) > MAX_HEAD_CHARACTERS)
    throw new InputError("input_too_large", "address and fields of a request have at most 256 KB");
}

function readEndpoint({ endpoint }: RecordedOptions, message: MessageToExplain, profile: WireProfile) {
  const { endpoints } = profile.messages;
  if (endpoint !== undefined) {
    if (Object.hasOwn(endpoints, endpoint))
      return { endpoint: endpoint as VerifierOptions["endpoint"], isAssumed: false };
    throw new InputError("bad_usage", `--endpoint is one of ${Object.keys(endpoints).join(", ")}`);
  }
  // Resources of February take no server's own signature.
  const isServer =
    "revocation" in endpoints && /^\s*[^=]*=jwks_uri\b/.test(fieldOf(message, "signature-key"));
  return { endpoint: isServer ? "revocation" : "resource", isAssumed: isServer } as const;
}

function readRequirement(
  { level, scopes = [] }: RecordedOptions,
  { verification: { levels } }: WireProfile,
): Requirement<string> | undefined {
  if (!scopes.every((scope) => /^\S+$/.test(scope))) {
    throw new InputError("bad_usage", "--scope is one scope, a word without spaces");
  }
  const authorized = levels.find((name) => name === "authorized" || name === "auth-token")!;
  if (level === undefined) return scopes.length === 0 ? undefined : { level: authorized, scopes };
  if (!levels.includes(level)) {
    throw new InputError("bad_usage", `--level is one of ${levels.join(", ")}`);
  }
  if (level === authorized && scopes.length === 0) {
    throw new InputError("bad_usage", `--level ${level} needs a --scope`);
  }
  return { level, ...(level === authorized && scopes.length > 0 && { scopes }) };
}

function readClock(
  { message, sentAt }: RecordedMessage,
  { at, now = () => Math.floor(Date.now() / 1000) }: RecordedOptions,
): ExplainedClock {
  if (at === "now") return { seconds: now(), source: "now" };
  if (at !== undefined && at !== "created") {
    if (!/^\d{1,12}$/.test(at)) {
      throw new InputError("bad_usage", "--at is now, created or a number of Unix seconds");
    }
    return { seconds: Number(at), source: "given" };
  }
  if (at === undefined && sentAt !== undefined) return { seconds: sentAt, source: "recorded" };
  const created = /;\s*created=(\d{1,12})(?:;|$)/.exec(fieldOf(message, "signature-input"));
  return created === null
    ? { seconds: now(), source: "now" }
    : { seconds: Number(created[1]), source: "created" };
}

/**
 * `iss` of the token in `Signature-Key`, if it is one that can be trusted at all: only to be able
 * to say who would have to be. An agent token of draft -11 needs no trust.
 */
function tokenIssuer(
  message: MessageToExplain,
  { documents: { isIdentifier } }: WireProfile,
): string | undefined {
  const token = /\bjwt="([^"]*)"/.exec(fieldOf(message, "signature-key"))?.[1];
  try {
    const { header, claims } = decodeToken(token ?? "");
    if (header.typ === TOKEN_TYPES.agent) return undefined;
    return typeof claims.iss === "string" && isIdentifier(claims.iss) ? claims.iss : undefined;
  } catch {
    return undefined;
  }
}

const fieldOf = ({ headers }: MessageToExplain, name: string): string => fieldValue(headers, name) ?? "";
