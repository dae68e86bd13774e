import type { IncomingHttpHeaders } from "node:http";
import { draft11, type ReceivedRequest } from "aauth";
import { PROFILES, type ProfileName } from "agent-kit/settings";
import { type RequiredScheme, SCHEMES } from "./check-settings.ts";
import { CHECKED_PROFILES } from "./profiles.ts";

/**
 * `strict` refuses unsigned requests; the other two let them through without an identity and mean
 * the same.
 */
const MODES = ["strict", "optional", "permissive"] as const;

/**
 * Requirement of a draft -11 route: any token of an agent, agent tokens only, person and auth
 * tokens, or a server that signs for itself. Not `auth-token`, because its challenge needs a
 * resource token, which only the resource can issue.
 */
const LEVELS = ["any", "agent-token", "person-token", "server"] as const;
type RequiredLevel = (typeof LEVELS)[number];

/** Part of a check that describes the checked request. */
export type RequestSource = "aauth" | "forwarded" | "path";

/** A check as it came from the gateway. */
export interface CheckMessage {
  readonly method: string;
  /** Raw path and query. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
}

/** A check, read: the request to judge, and the route's policy. */
export interface CheckRequest {
  readonly request: ReceivedRequest;
  /**
   * As the gateway's configuration says, never taken from the caller; one for each profile, or
   * undefined when the gateway does not say.
   */
  readonly authorities: readonly string[] | undefined;
  /** Those that the route takes. */
  readonly profiles: readonly ProfileName[];
  readonly mode: (typeof MODES)[number];
  /** Demanded of callers in the published profile. */
  readonly requiredScheme: RequiredScheme;
  /** Demanded of callers in draft -11. */
  readonly requiredLevel: RequiredLevel;
  readonly toleranceSeconds: number;
}

/**
 * The gateway's configuration is wrong: its check does not say what is to be judged. Never the
 * caller's fault, never a pass.
 */
export class UnusableCheck extends Error {
  override readonly name = "UnusableCheck";
}

/**
 * The request that a check is about cannot be judged: its caller has chosen an invalid method or
 * target. Never a pass.
 */
export class UnusableRequest extends Error {
  override readonly name = "UnusableRequest";
}

/** Path of every check; with request source `path` the request's own path follows it. */
export const CHECK_PATH = "/check";

/** Tolerance of a check that names none. */
export const DEFAULT_TOLERANCE_SECONDS = 60;

const MAX_TOLERANCE_SECONDS = 300;
const MAX_METHOD_CHARACTERS = 32;
/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const WITHOUT_BODY = new Set(["GET", "HEAD"]);

/**
 * Reads a check (Agentgateway v1.4.1, HTTP external authorization).
 *
 * @param defaults values for a check that names none
 * @throws UnusableCheck if the gateway omitted something, or one of its values is malformed
 * @throws UnusableRequest if the caller's method or target is malformed
 */
export function readCheckRequest(
  check: CheckMessage,
  source: RequestSource,
  defaults: {
    readonly leastScheme?: RequiredScheme | undefined;
    readonly profile?: ProfileName | undefined;
  } = {},
): CheckRequest {
  if (!isCheckPath(check.url, source)) throw new UnusableCheck(`its path is not ${CHECK_PATH}`);
  const { leastScheme = "hwk", profile = PROFILES[0] } = defaults;
  const { headers } = check;
  const profiles = profilesOf(textField(headers, "x-aauth-profiles"), profile);
  const { method, target } = namedRequest(check, source);
  return {
    request: { method, target, headers: callerFields(headers, method, profiles) },
    authorities: textField(headers, "x-aauth-authority")?.split(" "),
    profiles,
    mode: choiceField(headers, "x-aauth-mode", MODES, "strict"),
    requiredScheme: choiceField(headers, "x-aauth-required-scheme", SCHEMES, leastScheme),
    requiredLevel: choiceField(headers, "x-aauth-required-level", LEVELS, "any"),
    toleranceSeconds: toleranceOf(textField(check.headers, "x-aauth-timestamp-tolerance")),
  };
}

function isCheckPath(url: string, source: RequestSource): boolean {
  const path = url.split("?", 1)[0]!;
  return path === CHECK_PATH || (source === "path" && path.startsWith(`${CHECK_PATH}/`));
}

function namedRequest(check: CheckMessage, source: RequestSource): { method: string; target: string } {
  if (source === "path")
    return { method: check.method, target: targetOf(check.url.slice(CHECK_PATH.length)) };
  const prefix = source === "aauth" ? "x-aauth" : "x-forwarded";
  const method = textField(check.headers, `${prefix}-method`);
  const uri = textField(check.headers, `${prefix}-uri`);
  if (method === undefined) throw new UnusableCheck(`${prefix}-method is missing`);
  if (uri === undefined) throw new UnusableCheck(`${prefix}-uri is missing`);
  if (!TOKEN.test(method)) throw new UnusableRequest("its method is no token");
  if (method.length > MAX_METHOD_CHARACTERS) {
    throw new UnusableRequest(`its method has more than ${MAX_METHOD_CHARACTERS} characters`);
  }
  return { method, target: targetOf(uri) };
}

/**
 * Path and query of a URI, byte for byte: what was signed is the raw text, so nothing may be
 * decoded or resolved.
 */
function targetOf(uri: string): string {
  const [, path] = /^(?:https?:\/\/[^/?#]*)?([^#]*)$/.exec(uri) ?? [];
  const target = path === "" ? "/" : path?.startsWith("?") ? `/${path}` : path;
  if (target === undefined || !/^\/[\x21-\x7e]*$/.test(target)) {
    throw new UnusableRequest("its target is no path of printable ASCII, without a fragment");
  }
  return target;
}

/**
 * A route takes one profile unless it lists more, so that a message of another one is no way around
 * it.
 */
function profilesOf(text: string | undefined, unset: ProfileName): readonly ProfileName[] {
  if (text === undefined) return [unset];
  const names = text.split(" ");
  const profiles = PROFILES.filter((name) => names.includes(name));
  if (profiles.length === names.length) return profiles;
  throw new UnusableCheck(`x-aauth-profiles is no list of ${PROFILES.join(", ")}, each once`);
}

/** The fields of a check that come from the caller. */
function callerFields(
  headers: IncomingHttpHeaders,
  method: string,
  profiles: readonly ProfileName[],
): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    if (!profiles.some((profile) => CHECKED_PROFILES[profile].isCoverable(name))) continue;
    const value = textField(headers, name);
    if (value !== undefined) fields[name] = value;
  }
  // The check has no body and cannot carry the caller's length. A digest, or a type on a method
  // that usually has a body, announces one, and the signature must then cover both.
  const hasBody =
    draft11.messages.fields.contentDigest in fields ||
    ("content-type" in fields && !WITHOUT_BODY.has(method));
  return hasBody ? { ...fields, "transfer-encoding": "chunked" } : fields;
}

function choiceField<Choice extends string>(
  headers: IncomingHttpHeaders,
  name: string,
  choices: readonly Choice[],
  unset: Choice,
): Choice {
  const text = textField(headers, name) ?? unset;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new UnusableCheck(`${name} is not one of ${choices.join(", ")}`);
  return choice;
}

function toleranceOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TOLERANCE_SECONDS;
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 1 && seconds <= MAX_TOLERANCE_SECONDS) return seconds;
  throw new UnusableCheck(
    `x-aauth-timestamp-tolerance is not between 1 and ${MAX_TOLERANCE_SECONDS} seconds`,
  );
}

/** A field as one text; several lines are joined, so that a doubled one matches no grammar. */
function textField(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
