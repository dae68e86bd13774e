/**
 * The one list of what is secret, and two notations for it: a log line shows `[token 1a2b3c4d]` in
 * place of a token, so that two lines about one token can be matched; a span keeps the beginning of
 * the value (`eyJhbGciOiJF…`), so that headers stay readable.
 *
 * Goes by names and by shapes. It is a net below the callers' own care: an opaque value under an
 * unknown name has neither.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { FIELDS } from "aauth/february-2026";
import { LIMIT } from "./attribute-names.ts";

export { visibleFields, visibleLines, visibleText } from "./visible-text.ts";

/**
 * Never shown, whatever the switches say. Names of fields, parameters and members, with `_` between
 * words. A name that ends in `secret` counts as well.
 */
const SECRETS = ["api_key", "code_verifier", "passphrase", "password", "private_key"];

/**
 * A token, or as good as one. Shown whole with `showTokens` alone. A name that ends in `token`
 * counts as well.
 */
const TOKENS = ["client_assertion", "id_token_hint", "jwt"];

/**
 * Parameters alone: as a field `code` is an error's. `state` ties an answer to the user whom an
 * application sent away.
 */
const SINGLE_USE = ["code", "session", "session_id", "state"];

/** Header fields that prove who a user or a program is. */
const SECRET_HEADERS = ["cookie", "set-cookie"];
const TOKEN_HEADERS = ["authorization", FIELDS.signature, FIELDS.signatureKey];

const SECRET_FIELDS = new Set([...SECRETS, ...SECRET_HEADERS].map(plain));
const TOKEN_FIELDS = new Set([...TOKENS, ...TOKEN_HEADERS, "authorization_code"].map(plain));

/** Private members of a JWK (RFC 7518 section 6, RFC 8037 section 2). `k` is the symmetric key. */
const PRIVATE_JWK_MEMBERS = new Set(["d", "dp", "dq", "k", "p", "q", "qi"]);

// Every pattern below takes time linear in the text, which other parties choose. Hence the upper
// bounds, and a pattern that matches more than is taken out.

/**
 * Where a parameter's name begins. In an address that is a parameter of another, `?`, `&` and `#`
 * are encoded, again at each level.
 */
const NAME_START = "(?:\\b|(?<=%(?:25){0,8}(?:3F|26|23)))";
/**
 * Sets value from name. The value of an encoded one ends with the outer parameter: `&` of any level
 * may be in it.
 */
const EQUALS = "(?:=|%(?:25){0,8}3D)";
/** `_` between words may be missing: `apikey`, `clientAssertion`. */
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

/** A compact JWS or JWE: its header begins with `{"` and so encodes to `eyJ`. */
const COMPACT_TOKEN = /(?:\b|(?<=%(?:25){0,8}3[Dd]))eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,4}/g;

/**
 * In `AAuth-Requirement` of draft -11: who knows the code of an interaction comes to its page in
 * the person's place.
 */
const INTERACTION_CODE = /(\bcode=\\?")([A-Za-z0-9-]{8,64})(?=\\?")/gi;

/**
 * Names a pending request to those who may poll or decide on it. Its beginning tells requests
 * apart.
 */
const PENDING_NAME = /(\/(?:pending|requests|returned|revoke)\/[\w-]{8})[\w-]{8,}/g;

/** User name and password in an address. */
const USER_INFO = /(\w:\/\/)[^/?#@\s"]*@/g;

const LOG_SECRETS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  [/(\\?"(?:d|dp|dq|p|q|qi|k)\\?"\s*:\s*\\?")[A-Za-z0-9_=-]{16,}/g, "$1[private key]"],
  [SECRET_PARAMETERS, "$1[redacted]"],
  [/\b(Basic)\s+[A-Za-z0-9+/=]{8,}/g, "$1 [redacted]"],
];

const LOG_TOKENS: readonly [RegExp, string][] = [
  // Signature-Key after its scheme: the rest is the key or the token.
  [/\((scheme="?[a-z0-9]+"?)[ ;][^)\n]*\)?/g, "($1 …)"],
  // A signature in a dictionary, 64 bytes or more in any of the four encodings; a digest
  // (sha-256=:…:) is not a secret.
  [
    /\b(?!sha-\d)([a-z*][a-z0-9_.*-]{0,63})=(?::[A-Za-z0-9+/_=-]{80,}:?|"?[A-Za-z0-9+/_-]{80,}={0,2}"?)/g,
    "$1=[signature]",
  ],
  [INTERACTION_CODE, "$1[token]"],
  [/\b(Bearer|DPoP)\s+[A-Za-z0-9._~+/=-]{8,}/g, "$1 [token]"],
];

/**
 * Each pattern needs one of these. Most values of a log (a method, a path, a number) have none, and
 * all patterns together cost.
 */
const CAN_HOLD_ONE = /[=("\s%]|eyJ/;
/**
 * What stands for a token already: nothing, a label, and the walk-through's word in
 * `upstream_auth_token=present`.
 */
const PLACEHOLDER = /^(?:$|present$|\[(?:token|signature)\b)/;

/** Options of {@link redactText} and {@link redactFields}. */
export interface RedactionOptions {
  /**
   * Print tokens and signatures whole. For the demo's `--show-tokens`; secrets and private keys
   * stay hidden. Default false.
   */
  readonly showTokens?: boolean;
}

/**
 * A text for a log without tokens, signatures, `Signature-Key` values, passwords and private keys.
 */
export function redactText(text: string, options: RedactionOptions = {}): string {
  if (!CAN_HOLD_ONE.test(text)) return text;
  let result = text;
  for (const [pattern, replacement] of LOG_SECRETS) result = result.replace(pattern, replacement);
  if (options.showTokens) return result;
  // Without a dot it is no token. It is matched all the same, or else each `-eyJ` in it would be
  // tried to the end.
  result = result.replace(COMPACT_TOKEN, (match) => (match.includes(".") ? labelOf(match) : match));
  for (const [pattern, replacement] of LOG_TOKENS) result = result.replace(pattern, replacement);
  return result.replace(TOKEN_PARAMETERS, (match, start: string, value: string) =>
    PLACEHOLDER.test(value) ? match : `${start}[token]`,
  );
}

/**
 * The same for a value parsed from JSON: goes by field names as well as by shape. Returns a copy.
 */
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
 * A text for a span: every compact token in it is cut. What is cut already stays as it is, so that
 * two records can be compared.
 */
export function cutTokens(text: string): string {
  if (!text.includes("eyJ")) return text;
  return text.replace(COMPACT_TOKEN, (token, offset: number) =>
    token.length < LIMIT.token || text[offset + token.length] === "…" ? token : cutSecret(token),
  );
}

/**
 * A text with addresses for a span: no user, no secret parameter, no token, no code of an
 * interaction, no whole name of a pending request.
 */
export function cutAddresses(text: string): string {
  const known = text.includes("@") ? text.replace(USER_INFO, "$1…@") : text;
  const safe = known.replace(INTERACTION_CODE, "$1…").replace(PENDING_NAME, "$1…");
  return /[?#]/.test(safe) ? cutForm(safe) : cutTokens(safe);
}

/** A form for a span: fields that are named like secrets are cut, and tokens anywhere. */
export function cutForm(form: string): string {
  return cutTokens(form.replace(ANY_PARAMETER, cutValue));
}

/** JSON for a span: members that are named like secrets are cut, and tokens anywhere. */
export function cutMembers(json: string): string {
  return cutTokens(json.replace(JSON_MEMBER, cutValue));
}

/** A copy with each own member changed. Several times as fast as by way of entries. */
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

/** A header field of several lines is a list, and each line of it is as secret as one alone. */
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

/** The beginning of a value: recognisable, and useless as a credential. */
function cutSecret(value: string): string {
  return value.length <= LIMIT.token + 4 ? "…" : `${value.slice(0, LIMIT.token)}…`;
}

/** Compared without case, `-` and `_`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}
