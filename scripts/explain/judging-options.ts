import { canonicalAuthority, isIdentifier, type Requirement } from "aauth";
import { type Explanation, explainMessage, type MessageToExplain } from "aauth/explain";
import { FIELDS } from "aauth/wire";
import { ExplainInputError } from "./explain-input-error.ts";
import { offlineDiscovery } from "./offline-discovery.ts";
import type { HarRequest } from "./read-har.ts";

/** How a message is judged: what a resource has in its configuration. */
export interface JudgingOptions {
  /** Contents of the files of keys. */
  readonly keys: readonly string[];
  /** Resource identifier that auth tokens must be for. Default: the message's origin. */
  readonly audience: string | undefined;
  /** Issuers whose auth tokens count. Default: whichever issued the token. */
  readonly issuers: readonly string[];
  readonly level: string | undefined;
  readonly scopes: readonly string[];
  /** `now`, `created` or Unix seconds. Default: when it was recorded, else when it was signed. */
  readonly at: string | undefined;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface Clock {
  readonly seconds: number;
  readonly source: "now" | "created" | "recorded" | "given";
}

export interface Judged {
  readonly explanation: Explanation;
  readonly clock: Clock;
  /** What was taken from the message for want of an option. */
  readonly assumed: readonly string[];
}

/**
 * Judges one message by a verifier with these options, offline.
 *
 * @throws ExplainInputError `not_a_request` for an address that cannot be signed, `bad_usage`, `malformed_jwks`
 */
export async function judge(request: HarRequest, options: JudgingOptions): Promise<Judged> {
  const { message } = request;
  requireAddress(message.url);
  const clock = readClock(request, options);
  const audience = options.audience ?? new URL(message.url).origin;
  const issuer = tokenIssuer(message);
  const issuers = options.issuers.length > 0 || issuer === undefined ? options.issuers : [issuer];
  for (const [flag, ids] of [
    ["--audience", [audience]],
    ["--issuer", issuers],
  ] as const) {
    if (!ids.every(isIdentifier)) {
      throw new ExplainInputError("bad_usage", `${flag} is a URL without query, fragment and trailing slash`);
    }
  }
  const requirement = readRequirement(options);
  const explanation = await explainMessage(message, {
    discovery: offlineDiscovery(options.keys),
    audience,
    trustedIssuers: issuers,
    now: () => clock.seconds,
    ...(requirement && { requirement }),
  });
  const assumed = [
    ...(issuer !== undefined && options.issuers.length === 0 ? [`issuer ${issuer} is trusted`] : []),
    ...(issuer !== undefined && options.audience === undefined ? [`the resource is ${audience}`] : []),
    ...(requirement === undefined ? ["nothing more than a valid signature is demanded"] : []),
  ];
  return { explanation, clock, assumed };
}

function requireAddress(url: string): void {
  try {
    canonicalAuthority(url);
  } catch (error) {
    throw new ExplainInputError("not_a_request", (error as TypeError).message);
  }
}

function readRequirement({ level, scopes }: JudgingOptions): Requirement | undefined {
  if (!scopes.every((scope) => /^\S+$/.test(scope))) {
    throw new ExplainInputError("bad_usage", "--scope is one scope, a word without spaces");
  }
  if (level === undefined) {
    return scopes.length === 0 ? undefined : { level: "authorized", scopes };
  }
  if (level === "authorized") {
    if (scopes.length === 0) throw new ExplainInputError("bad_usage", "--level authorized needs a --scope");
    return { level, scopes };
  }
  if (level === "pseudonymous" || level === "identified") return { level };
  throw new ExplainInputError("bad_usage", "--level is pseudonymous, identified or authorized");
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

/** `iss` of the token in `Signature-Key`, if it is one that can be trusted at all: only to be able to say who would have to be. */
function tokenIssuer(message: MessageToExplain): string | undefined {
  const token = /\bjwt="([^"]*)"/.exec(headerOf(message, FIELDS.signatureKey))?.[1];
  const payload = token?.split(".")[1];
  try {
    const { iss } = JSON.parse(Buffer.from(payload ?? "", "base64url").toString()) as { iss?: unknown };
    return typeof iss === "string" && isIdentifier(iss) ? iss : undefined;
  } catch {
    return undefined;
  }
}

function headerOf({ headers }: MessageToExplain, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}
