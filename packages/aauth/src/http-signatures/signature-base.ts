import { AAuthVerificationError } from "../errors.ts";
import type { HeaderFields } from "../types.ts";
import { fieldValue } from "./field.ts";

/** Parts of a signature base. */
export interface SignatureBaseInput {
  /** As on the request line. */
  readonly method: string;
  /** Canonical. A receiver takes it from configuration, never from the `Host` header. */
  readonly authority: string;
  /** Path and query as on the request line. */
  readonly target: string;
  /** Scheme of the target URI, from configuration like the authority. Default `https`. */
  readonly scheme?: string | undefined;
  /** Lower-case names. */
  readonly headers: HeaderFields;
  /** Names in the order of `Signature-Input`. */
  readonly components: readonly string[];
  /** Value of `@query` if the target has no query. Default: `@query` cannot be covered then. */
  readonly absentQuery?: "?" | undefined;
  /** The part of `Signature-Input` after `label=`, exactly as received or sent. */
  readonly signatureParams: string;
}

/**
 * Characters other than printable ASCII and HTAB: they could forge a line, or have no defined
 * encoding (RFC 9421 section 2.5).
 */
const UNSAFE = /[^\x20-\x7e\t]/;

/**
 * Builds the signature base (RFC 9421 section 2.5): one line `"name": value` for each component,
 * then the parameters, separated by LF and without a trailing one.
 *
 * @throws {AAuthError} `missing_component` when a component is not in the message, cannot be
 *   derived from a request, or has a value that is not printable ASCII
 *
 * @example
 * buildSignatureBase({ method: "GET", authority: "resource.example", target: "/api", headers, components, signatureParams });
 */
export function buildSignatureBase(input: SignatureBaseInput): string {
  let base = "";
  // Parsed once, however many of its parameters are covered.
  let parameters: ReadonlyMap<string, string | undefined> | undefined;
  const queryParameter = (component: string) => {
    parameters ??= queryParameters(input.target);
    return parameters.get(component);
  };
  for (const name of input.components) {
    const value = name.startsWith(QUERY_PARAMETER)
      ? queryParameter(name)
      : name.startsWith("@")
        ? derivedValue(name, input)
        : fieldValue(input.headers, name);
    if (value === undefined)
      throw new AAuthVerificationError("missing_component", `the message has no ${name}`);
    if (UNSAFE.test(value))
      throw new AAuthVerificationError("missing_component", `${name} is not printable ASCII`);
    base += `${componentIdentifier(name)}: ${value}\n`;
  }
  if (UNSAFE.test(input.signatureParams)) {
    throw new AAuthVerificationError("missing_component", "@signature-params is not printable ASCII");
  }
  return `${base}"@signature-params": ${input.signatureParams}`;
}

const QUERY_PARAMETER = "@query-param;";

/**
 * Identifier of a query parameter, the only supported component with a parameter.
 *
 * @param name as written, with its quotes
 */
export const queryParameterComponent = (name: string): string => `${QUERY_PARAMETER}name=${name}`;

/** A component as written in `Signature-Input`: its name in quotes, then its parameter. */
export function componentIdentifier(component: string): string {
  const end = component.indexOf(";");
  return end === -1 ? `"${component}"` : `"${component.slice(0, end)}"${component.slice(end)}`;
}

function derivedValue(
  name: string,
  { method, scheme = "https", authority, target, absentQuery }: SignatureBaseInput,
): string | undefined {
  switch (name) {
    case "@method":
      return method;
    case "@authority":
      return authority;
    case "@path":
      return pathOf(target);
    case "@query":
      return queryOf(target) ?? absentQuery;
    case "@scheme":
      return scheme;
    case "@request-target":
      return isOriginForm(target) ? target : undefined;
    case "@target-uri":
      return isOriginForm(target) ? `${scheme}://${authority}${target}` : undefined;
    default:
      return undefined;
  }
}

/**
 * Absolute form and `*` have no path on the request line; guessing one would sign something else.
 */
const isOriginForm = (target: string): boolean => target.startsWith("/");

function pathOf(target: string): string | undefined {
  if (!isOriginForm(target)) return undefined;
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}

/** The query with its question mark; undefined for a target without one. */
function queryOf(target: string): string | undefined {
  const start = target.indexOf("?");
  return start === -1 ? undefined : target.slice(start);
}

/**
 * Values by component; undefined for a name that occurs twice, which cannot be covered (RFC 9421
 * section 2.2.8).
 */
function queryParameters(target: string): ReadonlyMap<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  for (const [name, value] of new URLSearchParams(queryOf(target))) {
    const component = queryParameterComponent(`"${formEncoded(name)}"`);
    values.set(component, values.has(component) ? undefined : formEncoded(value));
  }
  return values;
}

/** Form encoding, except that a space becomes `%20`. */
const formEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
