import type { ASTNode } from "@marcbachmann/cel-js";

type Context = Readonly<Record<string, unknown>>;

/** Whether evaluating is bound to fail, because something it cannot do without is missing. False means nothing. */
export type CertainFailure = (context: Context) => boolean;

/** Operators that need the value of both their sides. */
const STRICT_OPERATORS = new Set(["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in"]);

/**
 * Looks at an expression for what it requires of its context. Asked before an expression is evaluated: a failing evaluation costs the
 * library an Error, a hundred times what this costs, and a request without a token makes half a dozen fields fail.
 *
 * Never decides that something succeeds, nor what its value is; a test compares it with the library.
 *
 * @returns undefined for a form of which nothing can be said
 */
export function certainFailure(node: ASTNode): CertainFailure | undefined {
  if (node.op === "." || node.op === "[]") {
    const path = pathOf(node);
    return path === undefined ? certainFailure(node.args[0]) : (context) => isMissing(path, context);
  }
  if (node.op === "rcall") return certainFailure(node.args[1]);
  if (node.op === "?:") return certainFailure(node.args[0]);
  if (node.op === "call") {
    const [name, [member]] = node.args;
    // It is about the last key; those before it have to be there.
    if (name !== "has" || member?.op !== ".") return undefined;
    return certainFailure(member.args[0]);
  }
  if (node.op === "&&" || node.op === "||") {
    // The other side may decide alone, so that a failure of one is forgiven.
    const [left, right] = node.args.map(certainFailure);
    return left && right && ((context) => left(context) && right(context));
  }
  if (STRICT_OPERATORS.has(node.op)) {
    const [left, right] = (node.args as [ASTNode, ASTNode]).map(certainFailure);
    return left && right ? (context) => left(context) || right(context) : (left ?? right);
  }
  return undefined;
}

/** `a.b["c"]` as its names, or undefined for any other form. */
function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === "id") return [node.args];
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [target, key] = node.args;
  const name = typeof key === "string" ? key : key.op === "value" ? key.args : undefined;
  const above = typeof name === "string" ? pathOf(target) : undefined;
  return above && [...above, name as string];
}

function isMissing(path: readonly string[], context: Context): boolean {
  let value: unknown = context;
  for (const key of path) {
    if (value === null || typeof value !== "object") return true;
    // Maps, lists and the library's own types are its business.
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) return false;
    if (!Object.hasOwn(value, key)) return true;
    value = (value as Record<string, unknown>)[key];
  }
  return false;
}
