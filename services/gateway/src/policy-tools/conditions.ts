import type { ASTNode } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js/serialize";
import { parseExpression } from "../cel/expression.ts";
import { type CelPath, formatCelPath, pathOf, pathsReadBy } from "./cel-paths.ts";

export type Scalar = string | number | boolean | null;

export interface PresenceCondition {
  /** `unreadable`: some step on the way is missing, so that reading the path fails. */
  readonly kind: "present" | "absent" | "unreadable";
  readonly path: CelPath;
}

/** Something that must hold of a request for an expression to come out in a certain way. */
export type Condition =
  | PresenceCondition
  /** The value is one of these; with `negated` none of them, but there. */
  | {
      readonly kind: "one-of";
      readonly path: CelPath;
      readonly values: readonly Scalar[];
      readonly negated: boolean;
    }
  | {
      readonly kind: "text";
      readonly path: CelPath;
      readonly test: "startsWith" | "endsWith" | "contains" | "word";
      readonly text: string;
      /** What separates the words, for test `word`. */
      readonly separator?: string;
      readonly negated: boolean;
    }
  /** A number, or the size of a text, list or map, compared with one. */
  | {
      readonly kind: "order";
      readonly path: CelPath;
      readonly of: "value" | "size";
      readonly comparison: Comparison;
      readonly bound: number;
    }
  /** Anything else, known by its text only. */
  | { readonly kind: "opaque"; readonly source: string; readonly value: boolean };

export type Comparison = keyof typeof OPPOSITE;

const OPPOSITE = { "<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "==" } as const;
/** The same comparison with its sides exchanged. */
const MIRRORED = { "<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=" } as const;

/** Conditions that hold together. */
export type Term = readonly Condition[];

/** When an expression is true, when false, and when it fails (a missing field): alternatives, each a conjunction. */
export interface Outcomes {
  readonly whenTrue: readonly Term[];
  readonly whenFalse: readonly Term[];
  readonly whenFailing: readonly Term[];
}

/** The expression has too many alternatives to be judged. */
export class TooManyAlternatives extends Error {
  override readonly name = "TooManyAlternatives";
}

const MAX_TERMS = 2000;
const ALWAYS: readonly Term[] = [[]];
const NEVER: readonly Term[] = [];

/**
 * The outcomes of a boolean expression, as CEL has them: `x || true` is true and `x && false` false although `x` fails.
 *
 * @throws TooManyAlternatives
 */
export function outcomesOf(node: ASTNode): Outcomes {
  switch (node.op) {
    case "&&": {
      const [left, right] = node.args.map(outcomesOf) as [Outcomes, Outcomes];
      return {
        whenTrue: both(left.whenTrue, right.whenTrue),
        whenFalse: either(left.whenFalse, right.whenFalse),
        whenFailing: either(
          both(left.whenFailing, either(right.whenTrue, right.whenFailing)),
          both(left.whenTrue, right.whenFailing),
        ),
      };
    }
    case "||": {
      const [left, right] = node.args.map(outcomesOf) as [Outcomes, Outcomes];
      return {
        whenTrue: either(left.whenTrue, right.whenTrue),
        whenFalse: both(left.whenFalse, right.whenFalse),
        whenFailing: either(
          both(left.whenFailing, either(right.whenFalse, right.whenFailing)),
          both(left.whenFalse, right.whenFailing),
        ),
      };
    }
    case "!_": {
      const { whenTrue, whenFalse, whenFailing } = outcomesOf(node.args);
      return { whenTrue: whenFalse, whenFalse: whenTrue, whenFailing };
    }
    case "?:": {
      const [condition, yes, no] = node.args.map(outcomesOf) as [Outcomes, Outcomes, Outcomes];
      const chosen = (outcome: keyof Outcomes) =>
        either(both(condition.whenTrue, yes[outcome]), both(condition.whenFalse, no[outcome]));
      return {
        whenTrue: chosen("whenTrue"),
        whenFalse: chosen("whenFalse"),
        whenFailing: either(condition.whenFailing, chosen("whenFailing")),
      };
    }
    default:
      return outcomesOfLeaf(node);
  }
}

/** Conjunction of two sets of alternatives. */
export function both(left: readonly Term[], right: readonly Term[]): readonly Term[] {
  if (left.length * right.length > MAX_TERMS) throw new TooManyAlternatives();
  return left.flatMap((one) => right.map((other) => [...one, ...other]));
}

function either(left: readonly Term[], right: readonly Term[]): readonly Term[] {
  if (left.length + right.length > MAX_TERMS) throw new TooManyAlternatives();
  return [...left, ...right];
}

function outcomesOfLeaf(node: ASTNode): Outcomes {
  const reads = pathsReadBy(node);
  if (node.op === "call" && node.args[0] === "has") return outcomesOfHas(node.args[1][0]!);
  if (reads.length === 0) return outcomesOfConstant(node);
  const present: Term = reads.map((path) => ({ kind: "present", path }));
  const condition = conditionOf(node);
  return {
    whenTrue: [[...present, condition]],
    whenFalse: [[...present, opposite(condition)]],
    whenFailing: reads.map((path) => [{ kind: "unreadable", path }]),
  };
}

/** `has(a.b.c)` fails when `a.b` is missing, and is false, not failing, when the root is not set. */
function outcomesOfHas(argument: ASTNode): Outcomes {
  const path = pathOf(argument);
  if (path === undefined) return { whenTrue: ALWAYS, whenFalse: ALWAYS, whenFailing: NEVER };
  const parent = path.slice(0, -1);
  const parentIsRoot = parent.length < 2;
  return {
    whenTrue: [[{ kind: "present", path }]],
    whenFalse: [
      [{ kind: "absent", path }, ...(parentIsRoot ? [] : [{ kind: "present" as const, path: parent }])],
    ],
    whenFailing: parentIsRoot ? NEVER : [[{ kind: "unreadable", path: parent }]],
  };
}

const NOTHING = { request: null, response: null, source: null, extauthz: null, jwt: null };

function outcomesOfConstant(node: ASTNode): Outcomes {
  const outcome = parseExpression(serialize(node)).outcome(NOTHING);
  const value = "value" in outcome ? outcome.value : undefined;
  return {
    whenTrue: value === true ? ALWAYS : NEVER,
    whenFalse: value === false ? ALWAYS : NEVER,
    whenFailing: typeof value === "boolean" ? NEVER : ALWAYS,
  };
}

function conditionOf(node: ASTNode): Condition {
  return (
    equality(node) ??
    order(node) ??
    membership(node) ??
    wordMembership(node) ??
    textTest(node) ??
    flag(node) ??
    opaque(node)
  );
}

function equality(node: ASTNode): Condition | undefined {
  if (node.op !== "==" && node.op !== "!=") return undefined;
  const [left, right] = node.args;
  const [path, value] =
    pathOf(left) === undefined ? [pathOf(right), scalarOf(left)] : [pathOf(left), scalarOf(right)];
  if (path === undefined || value === undefined) return undefined;
  return { kind: "one-of", path, values: [value], negated: node.op === "!=" };
}

/** `x < 5`, `5 > x`, `size(x) == 0` */
function order(node: ASTNode): Condition | undefined {
  if (!Object.hasOwn(OPPOSITE, node.op)) return undefined;
  const [left, right] = node.args as [ASTNode, ASTNode];
  const isMirrored = scalarOf(right) === undefined;
  const bound = scalarOf(isMirrored ? left : right);
  const measured = measuredBy(isMirrored ? right : left);
  // Beyond that numbers here are no longer those of CEL.
  if (measured === undefined || typeof bound !== "number" || Math.abs(bound) > Number.MAX_SAFE_INTEGER)
    return undefined;
  const comparison = isMirrored ? MIRRORED[node.op as Comparison] : (node.op as Comparison);
  return { kind: "order", ...measured, comparison, bound };
}

function measuredBy(node: ASTNode): { path: CelPath; of: "value" | "size" } | undefined {
  const [name, first] = node.op === "call" || node.op === "rcall" ? node.args : [];
  const isSize = name === "size";
  const path = pathOf(
    isSize ? (node.op === "call" ? (first as unknown as ASTNode[])[0]! : (first as ASTNode)) : node,
  );
  return path && { path, of: isSize ? "size" : "value" };
}

function membership(node: ASTNode): Condition | undefined {
  if (node.op !== "in" || node.args[1].op !== "list") return undefined;
  const path = pathOf(node.args[0]);
  const values = node.args[1].args.map(scalarOf);
  if (path === undefined || values.includes(undefined)) return undefined;
  return { kind: "one-of", path, values: values as Scalar[], negated: false };
}

/** `"word" in text.split(" ")` */
function wordMembership(node: ASTNode): Condition | undefined {
  if (node.op !== "in" || node.args[1].op !== "rcall" || node.args[1].args[0] !== "split") return undefined;
  const [, receiver, [separatorNode]] = node.args[1].args;
  const path = pathOf(receiver);
  const text = scalarOf(node.args[0]);
  const separator = separatorNode && scalarOf(separatorNode);
  if (path === undefined || typeof text !== "string" || typeof separator !== "string") return undefined;
  return { kind: "text", path, test: "word", text, separator, negated: false };
}

function textTest(node: ASTNode): Condition | undefined {
  if (node.op !== "rcall") return undefined;
  const [test, receiver, args] = node.args;
  if (test !== "startsWith" && test !== "endsWith" && test !== "contains") return undefined;
  const path = pathOf(receiver);
  const text = args[0] && scalarOf(args[0]);
  if (path === undefined || typeof text !== "string") return undefined;
  return { kind: "text", path, test, text, negated: false };
}

function flag(node: ASTNode): Condition | undefined {
  const path = pathOf(node);
  return path && { kind: "one-of", path, values: [true], negated: false };
}

function opaque(node: ASTNode): Condition {
  return { kind: "opaque", source: serialize(node), value: true };
}

function opposite(condition: Condition): Condition {
  if (condition.kind === "opaque") return { ...condition, value: !condition.value };
  if (condition.kind === "order") return { ...condition, comparison: OPPOSITE[condition.comparison] };
  return "negated" in condition ? { ...condition, negated: !condition.negated } : condition;
}

/** A literal as plain data; undefined for anything that is none. */
export function scalarOf(node: ASTNode): Scalar | undefined {
  if (node.op === "-_" && node.args.op === "value") {
    const value = scalarOf(node.args);
    return typeof value === "number" ? -value : undefined;
  }
  if (node.op !== "value") return undefined;
  const { args } = node;
  if (typeof args === "bigint") return Number(args);
  return args === null || ["string", "number", "boolean"].includes(typeof args)
    ? (args as Scalar)
    : undefined;
}

/** A condition in words, with what it is about in front. */
export function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case "opaque":
      return `${condition.source} is ${condition.value}`;
    case "one-of":
      return `${formatCelPath(condition.path)} ${condition.negated ? "is not" : "is"} ${condition.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "text":
      return `${formatCelPath(condition.path)} ${condition.negated ? "fails" : "passes"} ${condition.test}(${JSON.stringify(condition.text)})`;
    case "order": {
      const { path, of, comparison, bound } = condition;
      return `${of === "size" ? `size(${formatCelPath(path)})` : formatCelPath(path)} ${comparison} ${bound}`;
    }
    case "present":
      return `${formatCelPath(condition.path)} is there`;
    default:
      return `${formatCelPath(condition.path)} is missing`;
  }
}
