/**
 * The single list of secrets, and two ways to redact them: a log line shows `[token 1a2b3c4d]`
 * instead of a token, so that lines about the same token can be matched; a span keeps the beginning
 * of the value (`eyJhbGciOiJF…`), so that headers remain readable.
 *
 * Matches names and formats. It is a safety net in addition to the callers' own care, because it
 * cannot recognize an opaque value with an unknown name.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { draft11 } from "aauth";
import { LIMIT } from "aauth-explain/trace-names";

const { fields } = draft11.messages;

export { visibleFields, visibleLines, visibleText } from "aauth-explain/visible-text";

/**
 * Never shown, regardless of options. Names of fields, parameters and members, with `_` between
 * words. Names that end in `secret` match, too.
 */
const SECRETS = ["api_key", "code_verifier", "passphrase", "password", "private_key"];

/**
 * Tokens or equivalents, shown whole only with `showTokens`. Names that end in `token` match, too.
 */
const TOKENS = ["client_assertion", "id_token_hint", "jwt"];

/**
 * Secret as parameters only, because a field `code` is an error code. `state` binds an answer to
 * the user whom an application sent away.
 */
const SINGLE_USE = ["code", "session", "session_id", "state"];

/** Header fields that authenticate a user or a program. */
const SECRET_HEADERS = ["cookie", "set-cookie"];
const TOKEN_HEADERS = ["authorization", fields.signature, fields.signatureKey];

const SECRET_FIELDS = new Set([...SECRETS, ...SECRET_HEADERS].map(plain));
const TOKEN_FIELDS = new Set([...TOKENS, ...TOKEN_HEADERS, "authorization_code"].map(plain));

/** Private members of a JWK (RFC 7518 section 6, RFC 8037 section 2). `k` is the symmetric key. */
const PRIVATE_JWK_MEMBERS = new Set(["d", "dp", "dq", "k", "p", "q", "qi"]);

// Every pattern below runs in linear time, because other parties choose the text. Hence the upper
// bounds, and a pattern that matches more than is redacted.

/**
 * Start of a parameter's name. In a URL nested in another URL's parameter, `?`, `&` and `#` are
 * encoded once per level.
 */
const NAME_START = "(?:\\b|(?<=%(?:25){0,8}(?:3F|26|23)))";
/**
 * Separates name and value. An encoded value ends with the outer parameter, because `&` of any
 * level may be in it.
 */
const EQUALS = "(?:=|%(?:25){0,8}3D)";
/** Makes `_` between words optional: `apikey`, `clientAssertion`. */
const spellings = (names: readonly string[]) => names.map((name) => name.replaceAll("_", "_?"));
const SECRET_NAMES = ["[a-z_]*secret", ...spellings(SECRETS)];
const TOKEN_NAMES = ["[a-z_]*token", ...spellings(TOKENS)];
const SINGLE_USE_NAMES = spellings(SINGLE_USE);

const parameters = (...names: readonly string[]) =>
  new RegExp(`(${NAME_START}(?:${names.join("|")})${EQUALS})([^&#\\s"]*)`, "gi");

const SECRET_PARAMETERS = parameters(...SECRET_NAMES);
const TOKEN_PARAMETERS = parameters(...TOKEN_NAMES, ...SINGLE_USE_NAMES);
const ANY_PARAMETER = parameters(...SECRET_NAMES, ...TOKEN_NAMES, ...SINGLE_USE_NAMES);
const JSON_MEMBER = new RegExp(
  `("(?:${["code", ...SECRET_NAMES, ...TOKEN_NAMES].join("|")})"\\s*:\\s*")([^"\\\\]*)`,
  "gi",
);

/** A compact JWS or JWE, whose header begins with `{"` and therefore encodes to `eyJ`. */
const COMPACT_TOKEN = /(?:\b|(?<=%(?:25){0,8}3[Dd]))eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,4}/g;

/**
 * The code in draft -11's `AAuth-Requirement`, which gives access to the interaction's page in the
 * person's place.
 */
const INTERACTION_CODE = /(\bcode=\\?")([A-Za-z0-9-]{8,64})(?=\\?")/gi;

/**
 * Reference of a pending request, which allows polling or deciding on it. Its beginning suffices to
 * distinguish requests.
 */
const PENDING_NAME = /(\/(?:pending|requests|returned|revoke)\/[\w-]{8})[\w-]{8,}/g;

/** User name and password in a URL. */
const USER_INFO = /(\w:\/\/)[^/?#@\s"]*@/g;

const LOG_SECRETS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  [/(\\?"(?:d|dp|dq|p|q|qi|k)\\?"\s*:\s*\\?")[A-Za-z0-9_=-]{16,}/g, "$1[private key]"],
  [SECRET_PARAMETERS, "$1[redacted]"],
  [/\b(Basic)\s+[A-Za-z0-9+/=]{8,}/g, "$1 [redacted]"],
];

const LOG_TOKENS: readonly [RegExp, string][] = [
  // Signature-Key after its scheme, which is the key or the token.
  [/\((scheme="?[a-z0-9]+"?)[ ;][^)\n]*\)?/g, "($1 …)"],
  // A signature in a dictionary, of 64 bytes or more in any of the four encodings. A digest
  // (sha-256=:…:) is not secret.
  [
    /\b(?!sha-\d)([a-z*][a-z0-9_.*-]{0,63})=(?::[A-Za-z0-9+/_=-]{80,}:?|"?[A-Za-z0-9+/_-]{80,}={0,2}"?)/g,
    "$1=[signature]",
  ],
  [INTERACTION_CODE, "$1[token]"],
  [/\b(Bearer|DPoP)\s+[A-Za-z0-9._~+/=-]{8,}/g, "$1 [token]"],
];

/**
 * Every pattern requires one of these. Most log values (a method, a path, a number) have none and
 * skip the patterns.
 */
const CAN_HOLD_ONE = /[=("\s%]|eyJ/;
/**
 * Values that already replace a token: an empty string, a label, and the walk-through's
 * `upstream_auth_token=present`.
 */
const PLACEHOLDER = /^(?:$|present$|\[(?:token|signature)\b)/;

/** Options of {@link redactText} and {@link redactFields}. */
export interface RedactionOptions {
  /**
   * Whether to show tokens and signatures whole, for the demo's `--show-tokens`. Secrets and
   * private keys stay hidden. Default false.
   */
  readonly showTokens?: boolean;
}

/** Redacts tokens, signatures, `Signature-Key` values, passwords and private keys in a log text. */
export function redactText(text: string, options: RedactionOptions = {}): string {
  if (!CAN_HOLD_ONE.test(text)) return text;
  let result = text;
  for (const [pattern, replacement] of LOG_SECRETS) result = result.replace(pattern, replacement);
  if (options.showTokens) return result;
  // A match without a dot is not a token. It is matched nevertheless, because otherwise each `-eyJ`
  // in it would be tried to the end.
  result = result.replace(COMPACT_TOKEN, (match) => (match.includes(".") ? labelOf(match) : match));
  for (const [pattern, replacement] of LOG_TOKENS) result = result.replace(pattern, replacement);
  return result.replace(TOKEN_PARAMETERS, (match, start: string, value: string) =>
    PLACEHOLDER.test(value) ? match : `${start}[token]`,
  );
}

/** Redacts a value parsed from JSON, using field names as well as formats. Returns a copy. */
export function redactFields(value: unknown, options: RedactionOptions = {}): unknown {
  if (typeof value === "string") return redactText(value, options);
  if (Array.isArray(value)) return value.map((item) => redactFields(item, options));
  if (value === null || typeof value !== "object") return value;
  const isJwk = "kty" in value;
  return mapMembers(value, (member, name) => {
    const field = plain(name);
    if (field.endsWith("secret") || SECRET_FIELDS.has(field) || (isJwk && PRIVATE_JWK_MEMBERS.has(name))) {
      return redactEach(member, options, () => "[redacted]");
    }
    if (!options.showTokens && (field.endsWith("token") || TOKEN_FIELDS.has(field)))
      return redactEach(member, options, (token) =>
        typeof token === "string" && token !== "" ? labelOf(token) : token,
      );
    return redactFields(member, options);
  });
}

/**
 * Truncates every compact token in a text for a span. Already truncated tokens are unchanged, so
 * that two records can be compared.
 */
export function cutTokens(text: string): string {
  if (!text.includes("eyJ")) return text;
  return text.replace(COMPACT_TOKEN, (token, offset: number) =>
    token.length < LIMIT.token || text[offset + token.length] === "…" ? token : cutSecret(token),
  );
}

/**
 * Redacts URLs in a text for a span: users, secret parameters, tokens, interaction codes and
 * references of pending requests.
 */
export function redactAddresses(text: string): string {
  const known = text.includes("@") ? text.replace(USER_INFO, "$1…@") : text;
  const safe = known.replace(INTERACTION_CODE, "$1…").replace(PENDING_NAME, "$1…");
  return /[?#]/.test(safe) ? redactForm(safe) : cutTokens(safe);
}

/** Truncates secret fields, and tokens anywhere, in a form for a span. */
export function redactForm(form: string): string {
  return cutTokens(form.replace(ANY_PARAMETER, cutValue));
}

/** Truncates secret members, and tokens anywhere, in JSON for a span. */
export function redactMembers(json: string): string {
  return cutTokens(json.replace(JSON_MEMBER, cutValue));
}

/** Returns a copy with each own member mapped. Several times as fast as with entries. */
export function mapMembers(
  value: object,
  change: (member: unknown, name: string) => unknown,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const changed = change((value as Record<string, unknown>)[name], name);
    if (name !== "__proto__") copy[name] = changed;
    else Object.defineProperty(copy, name, { value: changed, enumerable: true, writable: true });
  }
  return copy;
}

/** Redacts each line of a header field, which is a list if there are several. */
function redactEach(member: unknown, options: RedactionOptions, hide: (value: unknown) => unknown): unknown {
  if (Array.isArray(member)) return member.map((item) => redactEach(item, options, hide));
  return typeof member === "object" ? redactFields(member, options) : hide(member);
}

/** First 8 hex digits of the SHA-256. */
function labelOf(token: string): string {
  return `[token ${createHash("sha256").update(token).digest("hex").slice(0, 8)}]`;
}

function cutValue(_match: string, start: string, value: string): string {
  return start + (value === "" ? "" : cutSecret(value));
}

/** The beginning of a value, which is recognizable but useless as a credential. */
function cutSecret(value: string): string {
  return value.length <= LIMIT.token + 4 ? "…" : `${value.slice(0, LIMIT.token)}…`;
}

/** Normalizes a name: lower case, without `-` and `_`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}
