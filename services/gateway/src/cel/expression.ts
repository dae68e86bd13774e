import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { LRUCache } from "lru-cache";
import { notEmulated } from "../configuration/problem.ts";
import { certainFailure } from "./certain-failure.ts";
import {
  EMULATED_FUNCTIONS,
  EMULATED_ROOTS,
  UPSTREAM_FIELDS,
  UPSTREAM_FUNCTIONS,
  UPSTREAM_ROOTS,
} from "./upstream-functions.ts";

/**
 * What an expression can see. Every root is bound; one that is not set is null, so that `has(jwt.sub)` is false and `jwt.sub` an
 * error, as in Agentgateway.
 */
export interface CelContext {
  readonly request: unknown;
  readonly response: unknown;
  readonly source: unknown;
  readonly extauthz: unknown;
  readonly jwt: unknown;
}

/** A compiled CEL expression. */
export interface Expression {
  readonly source: string;
  /** True only when the value is exactly `true`. A failing expression is false, whatever it stands in. */
  isTrue(context: CelContext): boolean;
  /** The value as the library gives it, or undefined when the expression fails (a missing key, a wrong type). */
  valueOrUndefined(context: CelContext): unknown;
}

/** The expression would not mean here what it means in Agentgateway, or means nothing at all. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const ENVIRONMENT = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
ENVIRONMENT.registerFunction("json(string): dyn", parseJson);
// Agentgateway's `contains` is membership on lists and keys on maps, and its `in` also looks into strings.
ENVIRONMENT.registerFunction("list.contains(dyn): bool", (list: Iterable<unknown>, value: unknown) => {
  for (const item of list) if (item === value) return true;
  return false;
});
ENVIRONMENT.registerFunction("map.contains(string): bool", (map: object, key: string) =>
  map instanceof Map ? map.has(key) : Object.hasOwn(map, key),
);
ENVIRONMENT.registerOperator("string in string", (part: string, whole: string) => whole.includes(part));

/**
 * Operators in a row are nested as parentheses are, which the library bounds, and it evaluates them by recursion: where the stack ends, an
 * expression fails, and a `deny` that fails lets through.
 */
const MAX_DEPTH = 1000;

/** Macros whose first argument names a variable that the other arguments may use. */
const BINDING_MACROS = new Set(["all", "exists", "exists_one", "filter", "map"]);

/**
 * Compiles one expression and refuses what the two gateways would not understand alike.
 *
 * @throws ExpressionError with the reason
 */
export function compileExpression(source: string): Expression {
  const program = parseChecked(source);
  if (program.ast.op === "value") return literal(source, program({}));
  const isBoundToFail = certainFailure(program.ast);
  const valueOrUndefined = (context: CelContext): unknown => {
    if (isBoundToFail?.(context as never)) return undefined;
    const { stackTraceLimit } = Error;
    try {
      // The library throws for every missing key; nobody looks at the stack, which is two thirds of what that costs.
      Error.stackTraceLimit = 0;
      return program(context as never);
    } catch {
      return undefined;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  return {
    source,
    isTrue: (context) => valueOrUndefined(context) === true,
    valueOrUndefined,
  };
}

/** `"jwks"`, `true`: most of what a check says beside the caller's own fields. */
function literal(source: string, value: unknown): Expression {
  return { source, isTrue: () => value === true, valueOrUndefined: () => value };
}

/** An expression with its parts, for tools that look into it; the request path needs `compileExpression` only. */
export interface ParsedExpression {
  readonly ast: ASTNode;
  /** The value, or why there is none. */
  outcome(context: CelContext): { readonly value: unknown } | { readonly failure: string };
}

/**
 * As {@link compileExpression}, with the parts.
 *
 * @throws ExpressionError with the reason
 */
export function parseExpression(source: string): ParsedExpression {
  const program = parseChecked(source);
  return {
    ast: program.ast,
    outcome: (context) => {
      try {
        return { value: program(context as never) };
      } catch (error) {
        return { failure: firstLine(error) };
      }
    },
  };
}

/** Texts that an expression, as it is written, may come to; of one that does not compile, none. */
export function possibleTexts(source: string): string[] {
  try {
    return textsOf(parseChecked(source).ast);
  } catch (error) {
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}

function textsOf(node: ASTNode): string[] {
  if (node.op === "?:") return node.args.slice(1).flatMap(textsOf);
  return node.op === "value" && typeof node.args === "string" ? [node.args] : [];
}

function parseChecked(source: string): ReturnType<Environment["parse"]> {
  let program: ReturnType<Environment["parse"]>;
  try {
    program = ENVIRONMENT.parse(source);
  } catch (error) {
    throw new ExpressionError(`not valid CEL: ${firstLine(error)}`);
  }
  checkNames(program.ast, new Set(), 0);
  const checked = program.check();
  if (!checked.valid) throw new ExpressionError(`not valid CEL: ${firstLine(checked.error)}`);
  return program;
}

function checkNames(node: unknown, bound: ReadonlySet<string>, depth: number): void {
  if (Array.isArray(node)) {
    for (const item of node) checkNames(item, bound, depth);
    return;
  }
  if (!isNode(node)) return;
  if (depth > MAX_DEPTH) throw new ExpressionError("not valid CEL: too many operations in a row");
  switch (node.op) {
    case "value":
      if (node.args instanceof UnsignedInt) throw new ExpressionError(notEmulated("a uint"));
      return;
    case "id":
      if (!bound.has(node.args)) checkRoot(node.args);
      return;
    case ".":
    case "[]": {
      const [target, key] = node.args;
      const name = typeof key === "string" ? key : key.op === "value" ? key.args : undefined;
      if (target.op === "id" && typeof name === "string" && !bound.has(target.args)) {
        checkField(target.args, name);
      }
      if (typeof name === "string") checkHeaderName(target, name);
      break;
    }
    case "call":
      checkFunction(node.args[0]);
      break;
    case "rcall": {
      const [name, receiver, args] = node.args;
      checkFunction(name);
      if (name === "matches" && args[0]?.op === "value") checkPattern(args[0].args);
      const variable = args[0];
      if (BINDING_MACROS.has(name) && variable?.op === "id") {
        checkNames(receiver, bound, depth + 1);
        checkNames(args.slice(1), new Set([...bound, variable.args]), depth + 1);
        return;
      }
      break;
    }
  }
  checkNames(node.args, bound, depth + 1);
}

function checkFunction(name: string): void {
  if (EMULATED_FUNCTIONS.has(name)) return;
  if (UPSTREAM_FUNCTIONS.has(name)) throw new ExpressionError(notEmulated(`CEL function ${name}`));
  throw new ExpressionError(`unknown CEL function ${name}`);
}

/**
 * Agentgateway has RE2's syntax. What is not the same in JavaScript would fail at each request, and a `deny` that fails lets through; or
 * it would match something else, as `\a` and sets inside a set do.
 */
function checkPattern(pattern: unknown): void {
  if (typeof pattern !== "string") return;
  const isElsewhere = /\(\?(?!:)|\\(?![dDwWsSbBnrtfv])[A-Za-z0-9<>]|\[[^\]]*(?:\[|&&|--|~~)|[*+?}]\+/.test(
    pattern,
  );
  if (isElsewhere) throw new ExpressionError(notEmulated(`the pattern ${JSON.stringify(pattern)}`));
  try {
    new RegExp(pattern);
  } catch {
    throw new ExpressionError(`not a pattern: ${JSON.stringify(pattern)}`);
  }
}

function checkRoot(name: string): void {
  if (Object.hasOwn(EMULATED_ROOTS, name)) return;
  if (UPSTREAM_ROOTS.has(name)) throw new ExpressionError(notEmulated(`CEL variable ${name}`));
  throw new ExpressionError(`unknown CEL variable ${name}`);
}

function checkField(root: string, field: string): void {
  const fields = Object.hasOwn(EMULATED_ROOTS, root) ? EMULATED_ROOTS[root]! : "any";
  if (fields === "any" || fields.has(field)) return;
  const name = `${root}.${field}`;
  if (UPSTREAM_FIELDS.has(name)) throw new ExpressionError(notEmulated(`CEL variable ${name}`));
  throw new ExpressionError(`unknown CEL variable ${name}`);
}

/** What an agent's claims come to, which are the same text from request to request. Expressions cannot change a value. */
const knownJson = new LRUCache<string, NonNullable<unknown>>({ max: 256 });
const MAX_KNOWN_CHARACTERS = 4096;

function parseJson(text: string): unknown {
  const known = knownJson.get(text);
  if (known !== undefined) return known;
  const value = parsedJson(text);
  if (value !== null && value !== undefined && text.length <= MAX_KNOWN_CHARACTERS)
    knownJson.set(text, value);
  return value;
}

/** JSON as CEL has it: a number without fraction is an int, and an int does not add up with a double. */
function parsedJson(text: string): unknown {
  if (!/[[:,\s-]\d|^\d/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && /^-?\d+$/.test(context?.source ?? "")
      ? intOrDouble(context!.source!)
      : value,
  );
}

function intOrDouble(digits: string): bigint | number {
  const value = BigInt(digits);
  return BigInt.asIntN(64, value) === value ? value : Number(digits);
}

/** Agentgateway finds a header in any spelling. Here only the one in lower case would be found. */
function checkHeaderName(target: ASTNode, name: string): void {
  if (target.op !== "." || target.args[1] !== "headers" || name === name.toLowerCase()) return;
  throw new ExpressionError(`write header names in lower case: ${JSON.stringify(name.toLowerCase())}`);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
