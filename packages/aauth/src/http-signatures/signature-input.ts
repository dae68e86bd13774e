import { AAuthVerificationError } from "../errors.ts";
import { memoize } from "../store/memoize.ts";
import { LABEL_PATTERN, requireBoundedHeader, trimField } from "./field.ts";
import { queryParameterComponent } from "./signature-base.ts";
import {
  type FieldValue,
  formatString,
  parseParameters,
  parseStringList,
  splitTopLevel,
} from "./structured-fields.ts";

/** Parsed `Signature-Input`: the caller's claim about what it signed. */
export interface SignatureInput {
  readonly label: string;
  /** Unique names in the order of the signature base. Only `@query-param` has a parameter. */
  readonly components: readonly string[];
  /** Unix seconds; absent when missing or not an integer. */
  readonly created?: number;
  /** Unix seconds. */
  readonly expires?: number;
  /** All parameters, `created` included. */
  readonly params: ReadonlyMap<string, FieldValue>;
  /** The received string after `label=`: the exact value of `@signature-params`. */
  readonly raw: string;
}

const CODE = "malformed_signature_input";

/**
 * Fast path for the form that every deployed signer sends: a list of names, and `created`. No
 * nested quantifiers.
 */
const COMMON = new RegExp(`^(${LABEL_PATTERN})=((\\([^()]*\\));created=(0|[1-9][0-9]{0,14}))$`);
const MEMBER = new RegExp(`^(${LABEL_PATTERN})=(\\(.*)$`);
/**
 * A lower-case field name (RFC 9110 section 5.6.2), or a derived component with its parameter, if
 * any.
 */
const COMPONENT = /^(?:@[a-z-]+|[a-z0-9!#$%&'*+.^_`|~-]+|@query-param;name=".*")$/;
const INTEGER = /^-?[0-9]{1,15}$/;

/**
 * Parses `Signature-Input` (RFC 9421 section 4.1) with exactly one member.
 *
 * @throws {AAuthError} `malformed_signature_input`: invalid syntax, a second member, a repeated
 *   component or parameter, parameters (`;sf`, `;bs`, `;key`, …) on a component other than
 *   `@query-param`, or a non-integer `expires`; `header_too_large`
 *
 * Does NOT check coverage or time: the verifier of `aauth/resource` does.
 *
 * @example
 * parseSignatureInput('sig1=("@method" "@authority" "@path" "signature-key");created=1730217600').components;
 */
export function parseSignatureInput(value: string): SignatureInput {
  requireBoundedHeader("Signature-Input", value);
  const text = trimField(value);
  const common = COMMON.exec(text);
  if (common) {
    const created = Number(common[4]);
    const params = new Map<string, FieldValue>([["created", created]]);
    return { label: common[1]!, components: parseComponents(common[3]!), created, params, raw: common[2]! };
  }
  return parseGeneral(text);
}

function parseGeneral(text: string): SignatureInput {
  const member = MEMBER.exec(text);
  if (!member) throw new AAuthVerificationError(CODE, "Signature-Input is not label=(…)");
  const [label, raw] = [member[1]!, member[2]!];
  const [list, ...rest] = splitTopLevel(raw, ";");
  const parameters = parseParameters(rest, CODE);
  const components = parseComponents(list!);
  const created = integer(parameters.get("created")?.text);
  const expires = integer(parameters.get("expires")?.text);
  if (expires === undefined && parameters.has("expires")) {
    throw new AAuthVerificationError(CODE, "expires is not an integer");
  }
  return {
    label,
    components,
    ...(created === undefined ? {} : { created }),
    ...(expires === undefined ? {} : { expires }),
    params: new Map(Array.from(parameters, ([name, { value }]) => [name, value])),
    raw,
  };
}

const integer = (text: string | undefined): number | undefined =>
  text !== undefined && INTEGER.test(text) ? Number(text) : undefined;

/**
 * Memoized, because most messages have one of a few lists. The annotation lets a bundler drop the
 * parser from a signer.
 */
const parseComponents = /* @__PURE__ */ memoize(256, (list): readonly string[] => {
  const components = parseStringList(list, CODE, queryParameter);
  for (const name of components) {
    if (!COMPONENT.test(name) || name === "@signature-params") {
      throw new AAuthVerificationError(
        CODE,
        "a component is not a lower-case field name or derived component",
      );
    }
  }
  if (new Set(components).size !== components.length) {
    throw new AAuthVerificationError(CODE, "a component is named twice");
  }
  return Object.freeze(components);
});

/** `"@query-param";name="…"`, the only component with a parameter (RFC 9421 section 2.2.8). */
function queryParameter(item: string, parameters: ReadonlyMap<string, unknown>): string | undefined {
  const name = parameters.get("name");
  if (item !== "@query-param" || parameters.size > 1 || typeof name !== "string") return undefined;
  return queryParameterComponent(formatString(name, CODE));
}

/**
 * Writes `Signature-Input` as every deployed verifier rebuilds it: single spaces, and no parameter
 * except `created` (profile 2.1) and `nonce`, if given.
 *
 * @param nonce in base64url; written unescaped
 * @returns the header value, and the value of `@signature-params` within it
 */
export function formatSignatureInput(
  label: string,
  components: readonly string[],
  created: number,
  nonce?: string,
): { readonly value: string; readonly raw: string } {
  const list = `(${components.map((name) => `"${name}"`).join(" ")})`;
  const raw = `${list};created=${created}${nonce === undefined ? "" : `;nonce="${nonce}"`}`;
  return { value: `${label}=${raw}`, raw };
}
