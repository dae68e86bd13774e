import { canonicalAuthority, decodeToken, draft11, type Requirement, type WireProfile } from "aauth";
import { FIELDS, february2026 } from "aauth/february-2026";
import type { VerifierOptions } from "aauth/resource";
import { TOKEN_TYPES } from "aauth/wire";
import { type Explanation, explainMessage, type MessageToExplain, profileOf } from "aauth-explain";
import { ExplainInputError } from "./explain-input-error.ts";
import { MISSING_KEYS, offlineDiscovery } from "./offline-discovery.ts";
import type { HarRequest } from "./read-har.ts";

/** Supported dialects. A message of unknown shape is judged by the first. */
export const PROFILES = [draft11, february2026] as const;

/** Configuration of the resource that judges a message. */
export interface JudgingOptions {
  /** Contents of the files of keys. */
  readonly keys: readonly string[];
  /** Resource identifier that auth tokens must be for. Default: the message's origin. */
  readonly audience: string | undefined;
  /** Issuers whose auth tokens are accepted. Default: the token's issuer. */
  readonly issuers: readonly string[];
  readonly level: string | undefined;
  readonly scopes: readonly string[];
  /** `now`, `created` or Unix seconds. Default: when it was recorded, else when it was signed. */
  readonly at: string | undefined;
  /**
   * Kind of endpoint that received it. Default: a resource; for a server of draft -11 a revocation
   * endpoint.
   */
  readonly endpoint: string | undefined;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface Clock {
  readonly seconds: number;
  readonly source: "now" | "created" | "recorded" | "given";
}

export type JudgedVerdict = Explanation["verdict"] | "undecided";

export interface Judged {
  readonly explanation: Explanation;
  /**
   * `undecided` if it needs keys that no file has: a verifier that fetches them may accept the
   * message.
   */
  readonly verdict: JudgedVerdict;
  readonly clock: Clock;
  /** Values taken from the message because no option states them. */
  readonly assumed: readonly string[];
}

/**
 * Judges one message by a verifier with these options, offline.
 *
 * @throws ExplainInputError `not_a_request` for an address that cannot be signed, `bad_usage`,
 * `malformed_jwks`
 */
export async function judge(request: HarRequest, options: JudgingOptions): Promise<Judged> {
  const { message } = request;
  requireAddress(message.url);
  const clock = readClock(request, options);
  const profile = profileOf(message, PROFILES);
  const { isIdentifier } = profile.documents;
  const issuer = tokenIssuer(message, profile);
  const { origin } = new URL(message.url);
  const needsAudience = issuer !== undefined || options.issuers.length > 0;
  if (options.audience === undefined && needsAudience && !isIdentifier(origin)) {
    throw new ExplainInputError(
      "bad_usage",
      `${origin} is no identifier in ${profile.name}: --audience names the resource that is there`,
    );
  }
  const audience = options.audience ?? (isIdentifier(origin) ? origin : undefined);
  const issuers = options.issuers.length > 0 || issuer === undefined ? options.issuers : [issuer];
  for (const [flag, ids] of [
    ["--audience", audience === undefined ? [] : [audience]],
    ["--issuer", issuers],
  ] as const) {
    if (!ids.every(isIdentifier)) {
      const shape =
        profile === draft11 ? "https:// and a host" : "a URL without query, fragment and trailing slash";
      throw new ExplainInputError("bad_usage", `${flag} is ${shape}`);
    }
  }
  const requirement = readRequirement(options, profile);
  const { endpoint, isAssumed } = readEndpoint(options, message, profile);
  const explanation = await explainMessage(message, {
    discovery: offlineDiscovery(options.keys),
    profiles: [profile],
    endpoint,
    ...(audience !== undefined && { audience }),
    issuers,
    now: () => clock.seconds,
    ...(requirement && { requirement }),
  });
  const assumed = [
    ...(issuer !== undefined && options.issuers.length === 0 ? [`issuer ${issuer} is trusted`] : []),
    ...(issuer !== undefined && options.audience === undefined ? [`the resource is ${audience}`] : []),
    ...(isAssumed ? [`it was sent to a ${endpoint} endpoint (--endpoint)`] : []),
    ...(requirement === undefined ? ["nothing more than a valid signature is demanded"] : []),
  ];
  if (isCut(message))
    return { explanation: { ...explanation, reason: CUT }, verdict: "undecided", clock, assumed };
  const verdict = explanation.code === MISSING_KEYS ? "undecided" : explanation.verdict;
  return { explanation, verdict, clock, assumed };
}

const CUT = "the record is cut: signature or token end with …, and cannot be judged";

/**
 * A record of spans has the beginning of a signature or a token and an ellipsis, which such a field
 * cannot contain.
 */
const isCut = (message: MessageToExplain): boolean =>
  [FIELDS.signature, FIELDS.signatureKey].some((name) => headerOf(message, name).includes("…"));

function requireAddress(url: string): void {
  try {
    canonicalAuthority(url);
  } catch (error) {
    throw new ExplainInputError("not_a_request", (error as TypeError).message);
  }
}

function readEndpoint({ endpoint }: JudgingOptions, message: MessageToExplain, profile: WireProfile) {
  const { endpoints } = profile.messages;
  if (endpoint !== undefined) {
    if (Object.hasOwn(endpoints, endpoint))
      return { endpoint: endpoint as VerifierOptions["endpoint"], isAssumed: false };
    throw new ExplainInputError("bad_usage", `--endpoint is one of ${Object.keys(endpoints).join(", ")}`);
  }
  // Resources of February take no server's own signature.
  const isServer = profile === draft11 && /^\s*[^=]*=jwks_uri\b/.test(headerOf(message, FIELDS.signatureKey));
  return { endpoint: isServer ? "revocation" : "resource", isAssumed: isServer } as const;
}

function readRequirement(
  { level, scopes }: JudgingOptions,
  { verification: { levels } }: WireProfile,
): Requirement<string> | undefined {
  if (!scopes.every((scope) => /^\S+$/.test(scope))) {
    throw new ExplainInputError("bad_usage", "--scope is one scope, a word without spaces");
  }
  const authorized = levels.find((name) => name === "authorized" || name === "auth-token")!;
  if (level === undefined) return scopes.length === 0 ? undefined : { level: authorized, scopes };
  if (!levels.includes(level)) {
    throw new ExplainInputError("bad_usage", `--level is one of ${levels.join(", ")}`);
  }
  if (level === authorized && scopes.length === 0) {
    throw new ExplainInputError("bad_usage", `--level ${level} needs a --scope`);
  }
  return { level, ...(level === authorized && scopes.length > 0 && { scopes }) };
}

function readClock({ message, sentAt }: HarRequest, { at, now }: JudgingOptions): Clock {
  if (at === "now") return { seconds: now(), source: "now" };
  if (at !== undefined && at !== "created") {
    if (!/^\d{1,12}$/.test(at)) {
      throw new ExplainInputError("bad_usage", "--at is now, created or a number of Unix seconds");
    }
    return { seconds: Number(at), source: "given" };
  }
  if (at === undefined && sentAt !== undefined) return { seconds: sentAt, source: "recorded" };
  const created = /;\s*created=(\d{1,12})(?:;|$)/.exec(headerOf(message, FIELDS.signatureInput));
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
  const token = /\bjwt="([^"]*)"/.exec(headerOf(message, FIELDS.signatureKey))?.[1];
  try {
    const { header, claims } = decodeToken(token ?? "");
    if (header.typ === TOKEN_TYPES.agent) return undefined;
    return typeof claims.iss === "string" && isIdentifier(claims.iss) ? claims.iss : undefined;
  } catch {
    return undefined;
  }
}

function headerOf({ headers }: MessageToExplain, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}
