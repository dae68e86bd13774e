import { LIMIT } from "./attribute-names.ts";

/** Header fields that are left out: what is in them proves who a person is, or opens a session. */
const LEFT_OUT = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie", "x-id-token"]);

/** Parameters and members whose value is a token or as good as one. */
const SECRET_NAME =
  "(?:[a-z_]*token|code|client_secret|client_assertion|code_verifier|password|jwt|id_token_hint)";
// All of these take time linear in the text: what is cut comes from other parties.
const FORM_FIELD = new RegExp(`((?:^|[?&])(?:${SECRET_NAME}|state)=)([^&#\\s"]*)`, "gi");
const JSON_MEMBER = new RegExp(`("${SECRET_NAME}"\\s*:\\s*")([^"\\\\]*)`, "gi");
/** A compact JWS or JWE: its header begins with `{"` and so encodes to `eyJ`. */
const COMPACT_TOKEN = /\beyJ[A-Za-z0-9_-]{9,}(?:\.[A-Za-z0-9_-]*){0,4}/g;
/** A signature in a dictionary: `sig1=:…:`, or in quotes, as some write it. */
const SIGNATURE_VALUE = /(=[:"]{0,2})([A-Za-z0-9+/_-]{16})[A-Za-z0-9+/_=-]+/g;

/** The beginning of a value, recognisable and of no use. */
export function cutSecret(value: string): string {
  return value.length <= LIMIT.token + 4 ? "…" : `${value.slice(0, LIMIT.token)}…`;
}

/** A text whose end is cut off where it is too long. */
export function cutEnd(text: string, maxCharacters: number = LIMIT.text): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}

/** A text with every compact token in it cut. What has been cut already stays as it is, so that two records can be compared. */
export function cutTokens(text: string): string {
  if (!text.includes("eyJ")) return text;
  return text.replace(COMPACT_TOKEN, (token, offset: number) =>
    text[offset + token.length] === "…" ? token : cutSecret(token),
  );
}

/** A URL whose query keeps no code, token or state. */
export function shownUrl(url: string): string {
  return cutEnd(cutTokens(url.includes("?") ? url.replace(FORM_FIELD, keepStart) : url));
}

/** Values of header fields, by lower-case name, as they may be shown. */
export type ShownHeaders = Readonly<Record<string, string>>;

/** Header fields as they may be shown: see {@link LIMIT} for what is cut, `authorization` and its like are left out. */
export function shownHeaders(
  headers: Iterable<readonly [string, string | number | readonly string[] | undefined]>,
): ShownHeaders {
  const shown: Record<string, string> = {};
  let left = LIMIT.text as number;
  for (const [name, value] of headers) {
    if (value === undefined || LEFT_OUT.has(name)) continue;
    const text = shownValue(name, Array.isArray(value) ? value.join(", ") : String(value));
    left -= name.length + text.length;
    // Rather too few than a text that ends within a member.
    if (left < 0) break;
    shown[name] = text;
  }
  return shown;
}

function shownValue(name: string, value: string): string {
  if (name === "signature") return value.replace(SIGNATURE_VALUE, "$1$2…");
  if (name === "location") return shownUrl(value);
  return cutEnd(cutTokens(value), LIMIT.headerValue);
}

const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.+-]*json|x-www-form-urlencoded|problem))/i;

/** Whether a body of this type is shown; one without a type is. */
export function isShownType(contentType: string | undefined): boolean {
  return contentType === undefined || TEXT_TYPE.test(contentType);
}

/** The beginning of a body, with what is a token in it cut. Undefined for one that is no text, or empty. */
export function shownBody(
  body: string | Uint8Array | undefined | null,
  contentType: string | undefined,
): string | undefined {
  if (body === undefined || body === null || body.length === 0 || !isShownType(contentType)) return undefined;
  const isCut = body.length > LIMIT.body;
  const text = typeof body === "string" ? body.slice(0, LIMIT.body) : decode(body.subarray(0, LIMIT.body));
  const isForm = contentType?.startsWith("application/x-www-form-urlencoded") === true;
  const safe = isForm ? text.replace(FORM_FIELD, keepStart) : text.replace(JSON_MEMBER, keepStart);
  return cutTokens(safe) + (isCut ? "…" : "");
}

function keepStart(_match: string, start: string, value: string): string {
  return start + (value === "" ? "" : cutSecret(value));
}

const decoder = new TextDecoder();
function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
