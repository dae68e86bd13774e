import { createHash } from "node:crypto";

/** Fields whose value is never printed, whatever the switches say. Compared without case, `-` and `_`. */
const SECRET_FIELDS = new Set([
  "clientsecret",
  "codeverifier",
  "cookie",
  "password",
  "passphrase",
  "privatekey",
  "secret",
  "setcookie",
]);

/** Fields that hold a whole token, signature or `Signature-Key` value; printed only with `showTokens`. */
const TOKEN_FIELDS = new Set([
  "accesstoken",
  "agenttoken",
  "authtoken",
  "authorization",
  "authorizationcode",
  "clientassertion",
  "idtoken",
  "jwt",
  "refreshtoken",
  "requesttoken",
  "resourcetoken",
  "signature",
  "signaturekey",
  "token",
  "upstreamauthtoken",
  "upstreamtoken",
]);

/** Private members of a JWK (RFC 7518 section 6, RFC 8037 section 2). `k` is the symmetric key. */
const PRIVATE_JWK_MEMBERS = new Set(["d", "dp", "dq", "k", "p", "q", "qi"]);

/** Where a parameter's name begins. In an address that is a parameter of another, `?`, `&` and `#` are encoded, once more at each level. */
const NAME_START = "(?:\\b|(?<=%(?:25){0,8}(?:3F|26|23)))";
/** Sets value from name. What follows one that is encoded is hidden to the end of the outer parameter: there may be `&` of any level in it. */
const EQUALS = "(=|%(?:25){0,8}3D)";

const SECRET_PARAMETERS = parameters("password|client_secret|code_verifier");
/** `state` ties an answer to the person whom an application sent away. What has a label already keeps it. */
const TOKEN_PARAMETERS = parameters(
  "(?:access|auth|agent|id|refresh|request|resource|upstream|subject)_token|id_token_hint|code|session|state|client_assertion",
  "(?!\\[(?:token|signature|private key)\\b)",
);

// Every pattern takes time linear in the text: a caller chooses what is logged of its request. Hence the upper bounds below, and a
// pattern that matches more than is taken out.
const SECRET_PATTERNS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  [/(\\?"(?:d|dp|dq|p|q|qi|k)\\?"\s*:\s*\\?")[A-Za-z0-9_=-]{16,}/g, "$1[private key]"],
  [SECRET_PARAMETERS, "$1$2[redacted]"],
  [/\b(Basic)\s+[A-Za-z0-9+/=]{8,}/g, "$1 [redacted]"],
];

const TOKEN_PATTERNS: readonly [RegExp, string | ((match: string) => string)][] = [
  // A compact JWS or JWE: its header starts with {" and so encodes to eyJ. Without a dot it is none; it is matched all the same, or else
  // each `-eyJ` in it would be tried to the end.
  [
    /(?:\b|(?<=%(?:25){0,8}3[Dd]))eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,4}/g,
    (match) => (match.includes(".") ? tokenLabel(match) : match),
  ],
  // Signature-Key after its scheme: the rest is the key or the token.
  [/\((scheme="?[a-z0-9]+"?)[ ;][^)\n]*\)?/g, "($1 …)"],
  // A signature in a dictionary, 64 bytes or more in any of the four encodings; a digest (sha-256=:…:) is not a secret.
  [
    /\b(?!sha-\d)([a-z*][a-z0-9_.*-]{0,63})=(?::[A-Za-z0-9+/_=-]{80,}:?|"?[A-Za-z0-9+/_-]{80,}={0,2}"?)/g,
    "$1=[signature]",
  ],
  [/\b(Bearer|DPoP)\s+[A-Za-z0-9._~+/=-]{8,}/g, "$1 [token]"],
  [TOKEN_PARAMETERS, "$1$2[token]"],
];

/** Each pattern above needs one of these. Most values (a method, a path, a number) have none, and all patterns together cost. */
const CAN_HOLD_ONE = /[=("\s%]|eyJ/;

/** Options of {@link redactText} and {@link redactFields}. */
export interface RedactionOptions {
  /** Print tokens and signatures whole. For the demo's `--show-tokens`; secrets and private keys stay hidden. Default false. */
  readonly showTokens?: boolean;
}

/**
 * Takes tokens, signatures, `Signature-Key` values, passwords and private keys out of a text. A token becomes
 * `[token 1a2b3c4d]` (first 8 hex digits of its SHA-256), so that two lines about one token can still be matched.
 * A net below the callers' own care, not a licence to log secrets: it knows shapes, and an opaque value has none.
 */
export function redactText(text: string, options: RedactionOptions = {}): string {
  if (!CAN_HOLD_ONE.test(text)) return text;
  let result = text;
  for (const [pattern, replacement] of SECRET_PATTERNS) result = result.replace(pattern, replacement);
  if (options.showTokens) return result;
  for (const [pattern, replacement] of TOKEN_PATTERNS) {
    result =
      typeof replacement === "string"
        ? result.replace(pattern, replacement)
        : result.replace(pattern, replacement);
  }
  return result;
}

/** The same for a value parsed from JSON: goes by field names as well as by shape. Returns a copy. */
export function redactFields(value: unknown, options: RedactionOptions = {}): unknown {
  if (typeof value === "string") return redactText(value, options);
  if (Array.isArray(value)) return value.map((item) => redactFields(item, options));
  if (value === null || typeof value !== "object") return value;
  const isJwk = "kty" in value;
  return mapMembers(value, (member, name) => {
    const plain = name.toLowerCase().replace(/[-_]/g, "");
    if (SECRET_FIELDS.has(plain) || (isJwk && PRIVATE_JWK_MEMBERS.has(name))) {
      return redactEach(member, options, () => "[redacted]");
    }
    if (!options.showTokens && TOKEN_FIELDS.has(plain)) return redactEach(member, options, labelled);
    return redactFields(member, options);
  });
}

/** A header field of several lines is a list, and each line of it is as secret as one alone. */
function redactEach(member: unknown, options: RedactionOptions, hide: (value: unknown) => unknown): unknown {
  if (Array.isArray(member)) return member.map((item) => redactEach(item, options, hide));
  return typeof member === "object" ? redactFields(member, options) : hide(member);
}

function labelled(value: unknown): unknown {
  return typeof value === "string" && value !== "" ? tokenLabel(value) : value;
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

/** @param names, except parts of a regular expression */
function parameters(names: string, except = ""): RegExp {
  return new RegExp(`${NAME_START}(${names})${EQUALS}${except}[^&\\s"]+`, "gi");
}

function tokenLabel(token: string): string {
  return `[token ${createHash("sha256").update(token).digest("hex").slice(0, 8)}]`;
}
