import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { type CelPath, pathOf, ROOTS, stepOf } from "./cel-paths.ts";

/**
 * Variables of an expression. Every root is bound; an unset one is null, so that `has(jwt.sub)` is
 * false and `jwt.sub` an error, as in Agentgateway.
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
  readonly ast: ASTNode;
  /**
   * The value as returned by the library, or the reason why there is none, such as a missing key or
   * a wrong type.
   */
  evaluate(context: CelContext): { readonly value: unknown } | { readonly failure: string };
  /** Whether the value is exactly `true`. False for an expression that fails. */
  isTrue(context: CelContext): boolean;
  valueOrUndefined(context: CelContext): unknown;
}

/** The expression is invalid, or would have a different meaning here than in Agentgateway. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/**
 * Fields of the roots with a fixed shape. Reading any other field would fail for every request, and
 * a failing `deny` lets requests through. Bodies are excluded, because they would force the gateway
 * to buffer streams.
 */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  request: ["method", "uri", "host", "scheme", "path", "pathAndQuery", "version", "headers"],
  response: ["code", "headers"],
  source: ["address", "port"],
};

const ENVIRONMENT = new Environment({ homogeneousAggregateLiterals: false });
for (const root of ROOTS) ENVIRONMENT.registerVariable(root, "dyn");
ENVIRONMENT.registerFunction("json(string): dyn", parseJson);
// In Agentgateway, `contains` also tests membership of lists and keys of maps, and `in` also
// searches strings.
ENVIRONMENT.registerFunction("list.contains(dyn): bool", (list: Iterable<unknown>, value: unknown) =>
  [...list].includes(value),
);
ENVIRONMENT.registerFunction("map.contains(string): bool", (map: object, key: string) =>
  map instanceof Map ? map.has(key) : Object.hasOwn(map, key),
);
ENVIRONMENT.registerOperator("string in string", (part: string, whole: string) => whole.includes(part));

/**
 * Compiles one expression.
 *
 * @throws ExpressionError with the reason
 */
export function compileExpression(source: string): Expression {
  let program: ReturnType<Environment["parse"]>;
  try {
    program = ENVIRONMENT.parse(source);
  } catch (error) {
    throw new ExpressionError(`not valid CEL: ${firstLine(error)}`);
  }
  const { valid, error } = program.check();
  if (!valid) throw new ExpressionError(`not valid CEL: ${firstLine(error)}`);
  visitNodes(program.ast, checkNode);
  const evaluate: Expression["evaluate"] = (context) => {
    try {
      return { value: program(context as never) };
    } catch (failure) {
      return { failure: firstLine(failure) };
    }
  };
  const path = neededPath(program.ast);
  const valueOrUndefined = (context: CelContext) => {
    // The library creates an Error for each missing field, and a log line reads half a dozen: the
    // most expensive part of a request.
    if (isMissing(path, context)) return undefined;
    const outcome = evaluate(context);
    return "value" in outcome ? outcome.value : undefined;
  };
  return {
    source,
    ast: program.ast,
    evaluate,
    isTrue: (context) => valueOrUndefined(context) === true,
    valueOrUndefined,
  };
}

/** The path without which an expression has no value; empty if there is no single one. */
function neededPath(node: ASTNode): CelPath {
  const path = pathOf(node);
  if (path !== undefined) return path;
  if (node.op === "rcall") return neededPath(node.args[1]);
  return node.op === "." || node.op === "[]" ? neededPath(node.args[0]) : [];
}

/** Whether the path certainly does not exist in plain data. */
function isMissing(path: CelPath, context: CelContext): boolean {
  let value: unknown = context;
  for (const step of path) {
    if (Array.isArray(value)) return false;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return true;
    value = (value as Record<string, unknown>)[step];
  }
  return false;
}

/** Calls back for a node and every node below it. */
export function visitNodes(node: unknown, visit: (node: ASTNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) visitNodes(item, visit);
  } else if (typeof node === "object" && node !== null && "op" in node) {
    visit(node as ASTNode);
    visitNodes((node as ASTNode).args, visit);
  }
}

function checkNode(node: ASTNode): void {
  if (node.op === "." || node.op === "[]") {
    const [target] = node.args;
    const name = stepOf(node);
    if (name === undefined) return;
    const fields = target.op === "id" && Object.hasOwn(FIELDS, target.args) ? FIELDS[target.args] : undefined;
    if (fields?.includes(name) === false) {
      throw new ExpressionError(`the embedded gateway has no CEL variable ${target.args}.${name}`);
    }
    // Agentgateway finds header names in any case; here only lower case would be found.
    if (target.op === "." && target.args[1] === "headers" && name !== name.toLowerCase()) {
      throw new ExpressionError(`write header names in lower case: ${JSON.stringify(name.toLowerCase())}`);
    }
  } else if (node.op === "rcall" && node.args[0] === "matches") {
    // Agentgateway uses RE2 syntax, and JavaScript might interpret a pattern differently.
    throw new ExpressionError("the embedded gateway has no CEL function matches");
  }
}

/**
 * Parses JSON with CEL's types: a number without a fraction is an int, which cannot be added to a
 * double.
 */
function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const digits = context?.source ?? "";
    if (typeof value !== "number" || !/^-?\d+$/.test(digits)) return value;
    const int = BigInt(digits);
    return BigInt.asIntN(64, int) === int ? int : value;
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
