import { fieldOf, type Message } from "./message.ts";
import {
  FieldError,
  type InnerList,
  type Item,
  parseDictionary,
  writeInnerList,
  writeItem,
} from "./structured-fields.ts";

/** A component that the message does not have, or that this judge does not know. */
export class ComponentError extends Error {
  override readonly name = "ComponentError";
}

const DERIVED: Readonly<Record<string, (message: Message) => string>> = {
  "@method": ({ method }) => method,
  "@authority": ({ authority }) => authority.toLowerCase(),
  "@scheme": () => "https",
  "@target-uri": ({ authority, target }) => `https://${authority}${target}`,
  "@request-target": ({ target }) => target,
  "@path": ({ target }) => target.split("?", 1)[0] || "/",
  "@query": ({ target }) => (target.includes("?") ? target.slice(target.indexOf("?")) : "?"),
};

/**
 * Signature base of RFC 9421, section 2.5.
 *
 * @param input the member of `Signature-Input`: components with the signature's parameters
 * @param options.allowsRepeats for a signer that breaks the rule on purpose
 * @throws ComponentError for a component that is absent, unknown or named twice
 */
export function signatureBase(
  message: Message,
  input: InnerList,
  { allowsRepeats = false }: { readonly allowsRepeats?: boolean } = {},
): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const item of input.items) {
    const name = writeItem(item);
    if (!allowsRepeats && seen.has(name)) throw new ComponentError(`${name} is named twice`);
    seen.add(name);
    lines.push(`${name}: ${componentValue(message, item)}`);
  }
  lines.push(`"@signature-params": ${writeInnerList(input)}`);
  return lines.join("\n");
}

/** Names of the covered components, without those that have parameters. */
export const coveredNames = ({ items }: InnerList): readonly string[] =>
  items.flatMap(({ value, params }) => (typeof value === "string" && params.size === 0 ? [value] : []));

function componentValue(message: Message, { value: name, params }: Item): string {
  if (typeof name !== "string") throw new ComponentError("a component's name is a string");
  if (name === "@query-param") return queryParameter(message, params.get("name"));
  if (name.startsWith("@")) {
    const derive = Object.hasOwn(DERIVED, name) ? DERIVED[name] : undefined;
    if (derive === undefined || params.size > 0) throw new ComponentError(`${name} is not known`);
    return derive(message);
  }
  const field = fieldOf(message, name);
  if (field === undefined) throw new ComponentError(`the message has no ${name}`);
  const key = params.get("key");
  if (params.size === 0) return field;
  if (params.size > 1 || typeof key !== "string") throw new ComponentError(`${name} has unknown parameters`);
  return memberOf(field, key);
}

function memberOf(field: string, key: string): string {
  try {
    const member = parseDictionary(field).get(key);
    if (member === undefined) throw new ComponentError(`the field has no member ${key}`);
    return "items" in member ? writeInnerList(member) : writeItem(member);
  } catch (error) {
    throw error instanceof FieldError ? new ComponentError(error.message) : error;
  }
}

function queryParameter({ target }: Message, name: unknown): string {
  const query = new URLSearchParams(target.split("?").slice(1).join("?"));
  const values = query.getAll(String(name));
  if (values.length !== 1) throw new ComponentError(`the query has ${values.length} parameters ${name}`);
  return encodeURIComponent(values[0]!);
}
