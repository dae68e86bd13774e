import { draft11 } from "aauth";
import { LIMIT } from "aauth-explain/trace-names";
import { TRACED_PROFILES } from "./profiles.ts";
import { redactAddresses, redactForm, redactMembers } from "./redact.ts";

const { fields } = draft11.messages;

/**
 * Header fields that are omitted, because they authenticate a user or a program or belong to a
 * session. Matched by name, because opaque values cannot be recognized and gateways and clients
 * invent new fields.
 */
const LEFT_OUT = /token|key$|secret|credential|auth|cookie|session|password/i;
/**
 * Fields with similar names that are not secret: public keys, challenges (with truncated tokens),
 * refusals, and a gateway's requirements for its AAuth check.
 */
const SHOWN =
  /^(?:signature-key|agent-auth|aauth-refusal|aauth-requirement|aauth-capabilities|x-aauth-(?:authority|claims|method|mode|required-scheme|timestamp-tolerance|uri))$/i;

/** A signature in a dictionary: `sig1=:…:`, or in quotes, as in some implementations. */
const SIGNATURE_VALUE = /(=[:"]{0,2})([A-Za-z0-9+/_-]{16})[A-Za-z0-9+/_=-]+/g;

/** A line of a signature base for a header field. */
const BASE_LINE = /^("([\w!#$%&'*+.^`|~-]+)": ).*$/gm;

/** Truncates a text that is too long. */
export function truncated(text: string, maxCharacters: number = LIMIT.text): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}

/** Removes codes, tokens, states and user information from a URL. */
export function redactedUrl(url: string): string {
  return truncated(redactAddresses(url));
}

/** Redacts a signature base in the same way as headers and URLs. */
export function redactedBase(base: string): string {
  const lines = base.replace(BASE_LINE, (line, start: string, name: string) =>
    isLeftOut(name) ? `${start}…` : line,
  );
  return truncated(redactAddresses(lines));
}

function isLeftOut(name: string): boolean {
  return LEFT_OUT.test(name) && !SHOWN.test(name);
}

type HeaderEntries = Iterable<readonly [string, string | number | readonly string[] | undefined]>;

/**
 * Redacted header fields as JSON: lower-case name to value, truncated according to {@link LIMIT},
 * without `authorization` and similar fields. If they are too long together, the protocol's own
 * fields come first, so that a caller cannot displace them by sending others.
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

/** Fields that the reading side requires. */
const NEEDED: ReadonlySet<string> = new Set([
  ...TRACED_PROFILES.flatMap(({ wire, challengeField }) => [
    ...Object.values(wire.messages.fields),
    challengeField.toLowerCase(),
  ]),
  "content-type",
  "host",
]);

function shownValue(name: string, value: string): string {
  const safe = name === fields.signature ? value.replace(SIGNATURE_VALUE, "$1$2…") : redactAddresses(value);
  return truncated(safe, LIMIT.headerValue);
}

/**
 * Excludes HTML: pages are not part of the protocol, and their hidden fields bind an answer to the
 * user.
 */
const TEXT_TYPE = /^(?:text\/(?!html\b)|application\/(?:[\w.+-]*json|x-www-form-urlencoded|problem))/i;

/** Whether a body of this type is shown. A body without a type is. */
export function isShownType(contentType: string | undefined): boolean {
  return contentType === undefined || TEXT_TYPE.test(contentType);
}

/**
 * The beginning of a body, with truncated tokens. Undefined for a page, a body that is not text,
 * and an empty body.
 */
export function redactedBody(
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
  return (isForm ? redactForm(text) : redactMembers(text)) + (isCut ? "…" : "");
}
