import type { ASTNode } from "@marcbachmann/cel-js";

/**
 * The steps of a path such as `extauthz.aauth.scope`, root first. `m["key"]` is the same step as
 * `m.key`.
 */
export type CelPath = readonly string[];

/** Root variables of expressions: the members of a `CelContext`. */
export const ROOTS: ReadonlySet<string> = new Set(["request", "response", "source", "extauthz", "jwt"]);

/** The name read by `m.key` or `m["key"]`; undefined if it is computed or a number. */
export function stepOf({ args: [, key] }: Extract<ASTNode, { op: "." | "[]" }>): string | undefined {
  const step = typeof key === "string" ? key : key.op === "value" ? key.args : undefined;
  return typeof step === "string" ? step : undefined;
}

/** The path of an expression that is just a path; undefined for any other expression. */
export function pathOf(node: ASTNode): CelPath | undefined {
  if (node.op === "id") return [node.args];
  if (node.op !== "." && node.op !== "[]") return undefined;
  const step = stepOf(node);
  const parent = pathOf(node.args[0]);
  return parent && step !== undefined ? [...parent, step] : undefined;
}

/** Formats a path as in a rule. */
export function formatCelPath(path: CelPath): string {
  return path
    .map((step, index) => (index === 0 ? step : /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `["${step}"]`))
    .join("");
}

/**
 * The longest paths that an expression reads, each once, including those in `has()`. Macro
 * variables are excluded.
 */
export function pathsNamedBy(node: ASTNode): CelPath[] {
  const found = new Map<string, CelPath>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) visit(item);
    if (typeof part !== "object" || part === null || !("op" in part)) return;
    const path = pathOf(part as ASTNode);
    if (path === undefined) visit((part as ASTNode).args);
    else if (ROOTS.has(path[0]!)) found.set(formatCelPath(path), path);
  };
  visit(node);
  return [...found.values()];
}
