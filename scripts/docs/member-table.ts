import { table } from "./table.ts";

/** As much of a JSON schema as the bodies of the REST API need. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Whatever describes itself as a JSON schema: every schema of `backend-api` does. */
export interface Described {
  toJSONSchema(options: { io: "input" | "output" }): object;
}

/** What each member means, by its path: `summary.total_cost`, `recommendations[].item`. */
export type Meanings = Readonly<Record<string, string>>;

/**
 * A table of a body's members, with types and limits from the schema. A member whose meaning begins with a link (`[Activity](#activity)`)
 * is described there and not taken apart.
 *
 * @param io `input` for what a client sends, where members with a default may be left out
 * @throws Error for a member without a meaning, and for a meaning without a member
 */
export function memberTable(schema: Described, io: "input" | "output", meanings: Meanings): string {
  const rows = membersOf(schema.toJSONSchema({ io }), "", meanings);
  const names = new Set(rows.map(({ path }) => path));
  const strange = Object.keys(meanings).filter((path) => !names.has(path));
  if (strange.length > 0) throw new Error(`a body has no ${strange.join(", ")}`);
  const cells = rows.map(({ path, type }) => [`\`${path}\``, type, meanings[path]!]);
  return table(["Member", "Type", "Meaning"], cells);
}

interface Member {
  readonly path: string;
  readonly type: string;
}

function membersOf(schema: JsonSchema, prefix: string, meanings: Meanings): Member[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = prefix + name;
    const meaning = meanings[path];
    if (meaning === undefined) throw new Error(`${path} has no meaning`);
    const isOptional = !schema.required?.includes(name) && member.default === undefined;
    const own = { path, type: `${isOptional ? "optional: " : ""}${typeOf(member)}` };
    if (meaning.startsWith("[")) return [own];
    return [
      own,
      ...innerOf(member).flatMap(([inner, sign]) => membersOf(inner, `${path}${sign}.`, meanings)),
    ];
  });
}

/** The objects inside a member, and how a path goes on there. */
function innerOf(schema: JsonSchema): (readonly [schema: JsonSchema, sign: string])[] {
  const variants = schema.anyOf ?? [schema];
  return variants.map((variant) => (variant.type === "array" ? [variant.items ?? {}, "[]"] : [variant, ""]));
}

function typeOf(schema: JsonSchema): string {
  const { anyOf = [] } = schema;
  if (anyOf.some((variant) => limitsOf(variant).length > 0)) return anyOf.map(typeOf).join("; or ");
  return [nameOf(schema), ...limitsOf(schema)].join(", ");
}

/** The type of what is inside of another, whose own limits follow. */
function innerType(schema: JsonSchema): string {
  const limits = limitsOf(schema);
  return limits.length === 0 ? nameOf(schema) : `${nameOf(schema)} (${limits.join(", ")})`;
}

function nameOf({ type, anyOf, enum: values, const: only, items, additionalProperties }: JsonSchema): string {
  if (anyOf !== undefined) return anyOf.map(innerType).join(" or ");
  if (only !== undefined) return code(only);
  if (values !== undefined) return values.map(code).join(", ");
  if (type === "array") return `list of ${innerType(items ?? {})}`;
  if (type === "object" && typeof additionalProperties === "object")
    return `object of ${innerType(additionalProperties)}`;
  return [type ?? "anything"].flat().join(" or ");
}

function code(value: unknown): string {
  return `\`${String(value)}\``;
}

function limitsOf({ default: fallback, ...schema }: JsonSchema): string[] {
  return [
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minimum, schema.maximum, ""),
    range(schema.minItems, schema.maxItems, " items"),
    fallback === undefined ? undefined : `default ${code(fallback)}`,
  ].filter((limit) => limit !== undefined);
}

/** Whole numbers have the bounds of exact ones in their schema, which say nothing. */
function range(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  const [low, high] = [least, most].map((bound) =>
    Math.abs(bound ?? Number.MAX_SAFE_INTEGER) === Number.MAX_SAFE_INTEGER ? undefined : bound,
  );
  if (low === undefined && high === undefined) return undefined;
  if (low === undefined) return `at most ${high}${unit}`;
  return high === undefined ? `at least ${low}${unit}` : `${low} to ${high}${unit}`;
}
