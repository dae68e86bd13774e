import type { ASTNode } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js/serialize";
import { type CelPath, formatCelPath, pathsNamedBy } from "../cel/cel-paths.ts";
import { type CelContext, compileExpression } from "../cel/expression.ts";
import { plainValue } from "../cel/plain-value.ts";

/** A part of an expression and what it came to. */
export interface ExplainedPart {
  readonly source: string;
  readonly result: "true" | "false" | "failed";
  /** What the part had before it: values read, or the field that is missing. */
  readonly because: string;
}

/**
 * Why an expression is not true: the parts of each `&&` that are not, the branch of a `?:` that was taken, every side of an `||`.
 * Empty when it is true.
 */
export function explainNotTrue(source: string, context: CelContext): ExplainedPart[] {
  return explain(compileExpression(source).ast, context);
}

const MAX_VALUE_LENGTH = 80;

function explain(node: ASTNode, context: CelContext): ExplainedPart[] {
  const outcome = evaluate(node, context);
  if ("value" in outcome && outcome.value === true) return [];
  if (node.op === "&&" || node.op === "||") return node.args.flatMap((part) => explain(part, context));
  if (node.op === "?:") {
    const [condition, yes, no] = node.args;
    const chosen = evaluate(condition, context);
    if (!("value" in chosen) || typeof chosen.value !== "boolean") return explain(condition, context);
    return explain(chosen.value ? yes : no, context);
  }
  const missing = missingPath(node, context);
  return [
    {
      source: serialize(node),
      result: "value" in outcome && outcome.value === false ? "false" : "failed",
      because:
        "failure" in outcome
          ? missing === undefined
            ? outcome.failure
            : `${formatCelPath(missing)} is missing`
          : valuesRead(node, context),
    },
  ];
}

function evaluate(node: ASTNode, context: CelContext) {
  return compileExpression(serialize(node)).evaluate(context);
}

/** The first step that is not there on the way to something the part reads. */
function missingPath(node: ASTNode, context: CelContext): CelPath | undefined {
  for (const path of pathsNamedBy(node)) {
    const depth = path.findIndex(
      (_, index) => index > 0 && valueAt(path.slice(0, index + 1), context) === undefined,
    );
    // has() asks for its last step, so only a step before that makes it fail.
    const isAsked = node.op === "call" && node.args[0] === "has";
    if (depth > 0 && !(isAsked && depth === path.length - 1)) return path.slice(0, depth + 1);
  }
  return undefined;
}

function valuesRead(node: ASTNode, context: CelContext): string {
  const values = pathsNamedBy(node).map((path) => {
    const value = valueAt(path, context);
    return `${formatCelPath(path)} is ${value === undefined ? "not there" : shorten(value)}`;
  });
  return values.join(", ") || "it is false whatever the request";
}

function valueAt(path: CelPath, context: CelContext): unknown {
  let value: unknown = context;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !(step in value)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(plainValue(value)) ?? String(value);
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
}
