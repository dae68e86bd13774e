import type { ASTNode } from "@marcbachmann/cel-js";

/** The steps of `extauthz.aauth.scope`, root first. `m["key"]` is a step as `m.key` is. */
export type CelPath = readonly string[];

/** The path that an expression is, or undefined when it is anything else. */
export function pathOf(node: ASTNode): CelPath | undefined {
  if (node.op === "id") return [node.args];
  if (node.op === ".") {
    const parent = pathOf(node.args[0]);
    return parent && [...parent, node.args[1]];
  }
  if (node.op === "[]") {
    const [target, key] = node.args;
    const parent = pathOf(target);
    return parent && key.op === "value" && typeof key.args === "string" ? [...parent, key.args] : undefined;
  }
  return undefined;
}

/** A path as it is written in a rule. */
export function formatCelPath(path: CelPath): string {
  return path
    .map((step, index) => (index === 0 ? step : /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `["${step}"]`))
    .join("");
}

/** A path as a key of a map. */
export function pathKey(path: CelPath): string {
  return path.join("\n");
}

/** Everything an expression reads, outside of `has()`: the longest paths, each once. Variables of macros are left out. */
export function pathsReadBy(node: ASTNode): CelPath[] {
  const found = new Map<string, CelPath>();
  visit(node, new Set(), (path) => found.set(pathKey(path), path));
  return [...found.values()];
}

/** Every path of an expression, those inside `has()` included. */
export function pathsNamedBy(node: ASTNode): CelPath[] {
  const found = new Map<string, CelPath>();
  visit(node, new Set(), (path) => found.set(pathKey(path), path), true);
  return [...found.values()];
}

const BINDING_MACROS = new Set(["all", "exists", "exists_one", "filter", "map"]);

function visit(
  node: unknown,
  bound: ReadonlySet<string>,
  found: (path: CelPath) => void,
  insideHas = false,
): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, bound, found, insideHas);
    return;
  }
  if (!isNode(node)) return;
  const path = pathOf(node);
  if (path !== undefined) {
    if (!bound.has(path[0]!)) found(path);
    return;
  }
  if (node.op === "call" && node.args[0] === "has" && !insideHas) return;
  if (node.op === "rcall") {
    const [name, receiver, args] = node.args;
    const variable = args[0];
    if (BINDING_MACROS.has(name) && variable?.op === "id") {
      visit(receiver, bound, found, insideHas);
      visit(args.slice(1), new Set([...bound, variable.args]), found, insideHas);
      return;
    }
  }
  visit(node.args, bound, found, insideHas);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
