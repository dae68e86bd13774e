import { FIELDS } from "aauth/february-2026";
import { LIMIT } from "./attribute-names.ts";
import { cutAddresses, cutForm, cutMembers } from "./redact.ts";

/**
 * Header fields that are left out: what is in them proves who a user or a program is, or opens a
 * session. By their names, since an opaque value looks like any other: gateways and clients make up
 * ever new ones.
 */
const LEFT_OUT = /token|key$|secret|credential|auth|cookie|session|password/i;
/**
 * Named like those, and no secret: public keys, challenges (tokens in them are cut), refusals, and
 * what a gateway wants of its AAuth check.
 */
const SHOWN =
  /^(?:signature-key|agent-auth|aauth-refusal|aauth-requirement|aauth-capabilities|x-aauth-(?:authority|claims|method|mode|required-scheme|timestamp-tolerance|uri))$/i;

/** A signature in a dictionary: `sig1=:…:`, or in quotes, as some write it. */
const SIGNATURE_VALUE = /(=[:"]{0,2})([A-Za-z0-9+/_-]{16})[A-Za-z0-9+/_=-]+/g;

/** A line of a signature base that stands for a header field. */
const BASE_LINE = /^("([\w!#$%&'*+.^`|~-]+)": ).*$/gm;

/** A text whose end is cut off where it is too long. */
export function cutEnd(text: string, maxCharacters: number = LIMIT.text): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}

/** A URL whose query keeps no code, token or state, and which names no user. */
export function shownUrl(url: string): string {
  return cutEnd(cutAddresses(url));
}

/**
 * A signature base: what headers and address may not show is not shown by what was signed of them
 * either.
 */
export function shownBase(base: string): string {
  const lines = base.replace(BASE_LINE, (line, start: string, name: string) =>
    isLeftOut(name) ? `${start}…` : line,
  );
  return cutEnd(cutAddresses(lines));
}

function isLeftOut(name: string): boolean {
  return LEFT_OUT.test(name) && !SHOWN.test(name);
}

type HeaderEntries = Iterable<readonly [string, string | number | readonly string[] | undefined]>;

/**
 * Header fields as they may be shown, as JSON: lower-case name to value. See {@link LIMIT} for what
 * is cut; `authorization` and its like are left out. Where all together are too long, the
 * protocol's own come first: a caller cannot push them out by sending others.
 */
export function headersJson(headers: HeaderEntries): string {
  const shown: [string, string][] = [];
  for (const [name, value] of headers) {
    if (value === undefined || isLeftOut(name)) continue;
    shown.push([name, shownValue(name, Array.isArray(value) ? value.join(", ") : String(value))]);
  }
  const json = JSON.stringify(Object.fromEntries(shown));
  if (json.length <= LIMIT.text) return json;
  const first = ([name]: readonly [string, string]) => (NEEDED.has(name) ? 0 : 1);
  const fitting: Record<string, string> = {};
  let left = LIMIT.text - 2;
  for (const [name, text] of shown.toSorted((one, other) => first(one) - first(other))) {
    left -= JSON.stringify([name, text]).length;
    if (left < 0) break;
    fitting[name] = text;
  }
  return JSON.stringify(fitting);
}

/** What the read side cannot do without. */
const NEEDED: ReadonlySet<string> = new Set([
  ...Object.values(FIELDS),
  ...["agent-auth", "aauth-requirement", "content-type", "host"],
]);

function shownValue(name: string, value: string): string {
  const safe = name === FIELDS.signature ? value.replace(SIGNATURE_VALUE, "$1$2…") : cutAddresses(value);
  return cutEnd(safe, LIMIT.headerValue);
}

/**
 * Not HTML: a page is nothing of the protocol, and its hidden fields are what ties an answer to the
 * user who saw it.
 */
const TEXT_TYPE = /^(?:text\/(?!html\b)|application\/(?:[\w.+-]*json|x-www-form-urlencoded|problem))/i;

/** Whether a body of this type is shown; one without a type is. */
export function isShownType(contentType: string | undefined): boolean {
  return contentType === undefined || TEXT_TYPE.test(contentType);
}

/**
 * The beginning of a body, with what is a token in it cut. Undefined for one that is a page or no
 * text, or empty.
 */
export function shownBody(
  body: string | Uint8Array | undefined | null,
  contentType: string | undefined,
): string | undefined {
  if (body === undefined || body === null || body.length === 0 || !isShownType(contentType)) return undefined;
  const isCut = body.length > LIMIT.body;
  const text =
    typeof body === "string"
      ? body.slice(0, LIMIT.body)
      : new TextDecoder().decode(body.subarray(0, LIMIT.body));
  const isForm = contentType?.startsWith("application/x-www-form-urlencoded") === true;
  return (isForm ? cutForm(text) : cutMembers(text)) + (isCut ? "…" : "");
}
