import type { CallerProfile, Shape } from "./caller-profiles.ts";
import { type CelPath, formatCelPath, pathKey } from "./cel-paths.ts";
import { type Condition, describeCondition, type Scalar, type Term } from "./conditions.ts";

type TextCondition = Extract<Condition, { kind: "text" }>;
type OneOf = Extract<Condition, { kind: "one-of" }>;

/**
 * Why the conditions of a term cannot hold together for a kind of caller, or undefined when nothing speaks against it. Only what is
 * certain counts: conditions that are not understood are taken for possible.
 */
export function contradictionIn(term: Term, profile: CallerProfile): string | undefined {
  const present = new Map<string, CelPath>();
  const absent = new Map<string, CelPath>();
  for (const condition of term) {
    if (condition.kind === "opaque") continue;
    const { path, kind } = condition;
    if (kind === "absent") absent.set(pathKey(path), path);
    else if (kind !== "unreadable") for (const prefix of prefixes(path)) present.set(pathKey(prefix), prefix);
  }
  return (
    presenceContradiction(present, absent, profile) ??
    unreadableContradiction(term, present, profile) ??
    valueContradiction(term, profile) ??
    opaqueContradiction(term)
  );
}

/** The values a path can still have under a term; undefined when they are not limited. */
export function possibleValues(term: Term, path: CelPath, profile: CallerProfile): Scalar[] | undefined {
  const key = pathKey(path);
  const shape = shapeOf(path, profile);
  const conditions = term.filter(
    (condition): condition is OneOf | TextCondition =>
      (condition.kind === "one-of" || condition.kind === "text") && pathKey(condition.path) === key,
  );
  let values = shape.values === undefined ? undefined : [...shape.values];
  for (const condition of conditions) {
    if (condition.kind !== "one-of" || condition.negated) continue;
    values = values?.filter((value) => condition.values.includes(value)) ?? [...condition.values];
  }
  return values?.filter(
    (value) =>
      shape.refuses?.(value) === undefined && conditions.every((condition) => passes(value, condition)),
  );
}

function presenceContradiction(
  present: ReadonlyMap<string, CelPath>,
  absent: ReadonlyMap<string, CelPath>,
  profile: CallerProfile,
): string | undefined {
  for (const [key, path] of present) {
    if (absent.has(key)) return `${formatCelPath(path)} would have to be there and missing`;
    if (shapeOf(path, profile).presence === "never") return `${formatCelPath(path)} is not there`;
  }
  for (const path of absent.values()) {
    if (isCertain(path, profile)) return `${formatCelPath(path)} is always there`;
  }
  return undefined;
}

/** Reading fails only where some step of the path may be missing and nothing else in the term says that it is there. */
function unreadableContradiction(
  term: Term,
  present: ReadonlyMap<string, CelPath>,
  profile: CallerProfile,
): string | undefined {
  for (const condition of term) {
    if (condition.kind !== "unreadable") continue;
    if (missingStep(condition.path, present, profile) === undefined) {
      return `${formatCelPath(condition.path)} is always there`;
    }
  }
  return undefined;
}

/** The first step of a path that may be missing for a kind of caller. */
export function missingStep(
  path: CelPath,
  present: ReadonlyMap<string, CelPath>,
  profile: CallerProfile,
): CelPath | undefined {
  return prefixes(path).find(
    (prefix) =>
      prefix.length > 1 && !present.has(pathKey(prefix)) && shapeOf(prefix, profile).presence !== "always",
  );
}

function valueContradiction(term: Term, profile: CallerProfile): string | undefined {
  for (const condition of term) {
    if (condition.kind !== "one-of" && condition.kind !== "text") continue;
    const { path } = condition;
    const left = possibleValues(term, path, profile);
    if (left !== undefined && left.length === 0) return explainNoValue(term, path, profile);
    if (condition.kind === "text" && !condition.negated && contradictsText(condition, term)) {
      return `${describeCondition(condition)}, and also not`;
    }
  }
  return undefined;
}

function explainNoValue(term: Term, path: CelPath, profile: CallerProfile): string {
  const shape = shapeOf(path, profile);
  const about = term.filter(
    (condition): condition is OneOf | TextCondition =>
      (condition.kind === "one-of" || condition.kind === "text") && pathKey(condition.path) === pathKey(path),
  );
  for (const condition of about) {
    if (condition.kind !== "one-of" || condition.negated) continue;
    for (const value of condition.values) {
      const why = shape.refuses?.(value);
      if (why !== undefined) return `${formatCelPath(path)} is never ${JSON.stringify(value)}: ${why}`;
    }
  }
  const wanted = [...new Set(about.map((condition) => describeCondition(condition)))].join(", and ");
  if (shape.values === undefined) return `contradiction: ${wanted}`;
  const { values, among = values } = shape;
  const isPossibleForOthers = about.some(
    (condition) => condition.kind === "one-of" && condition.values.some((value) => among.includes(value)),
  );
  const possible = (isPossibleForOthers ? values : among).map((value) => JSON.stringify(value)).join(" or ");
  return isPossibleForOthers
    ? `${wanted}, but ${profile.name} has ${possible}`
    : `${wanted}, but on this route it is ${possible}`;
}

function contradictsText(condition: TextCondition, term: Term): boolean {
  return term.some(
    (other) =>
      other.kind === "text" &&
      other.negated &&
      other.test === condition.test &&
      other.text === condition.text &&
      other.separator === condition.separator &&
      pathKey(other.path) === pathKey(condition.path),
  );
}

function opaqueContradiction(term: Term): string | undefined {
  const seen = new Map<string, boolean>();
  for (const condition of term) {
    if (condition.kind !== "opaque") continue;
    if (seen.get(condition.source) === !condition.value)
      return `${condition.source} would have to be true and false`;
    seen.set(condition.source, condition.value);
  }
  return undefined;
}

function passes(value: Scalar, condition: OneOf | TextCondition): boolean {
  if (condition.kind === "one-of") return condition.values.includes(value) !== condition.negated;
  // A test of text fails on anything else, which is neither.
  if (typeof value !== "string") return false;
  const { test, text, separator } = condition;
  const holds =
    test === "word"
      ? value.split(separator ?? " ").includes(text)
      : test === "contains"
        ? value.includes(text)
        : value[test](text);
  return holds !== condition.negated;
}

/** True when a path is there whenever the rules are evaluated for such a caller. */
function isCertain(path: CelPath, profile: CallerProfile): boolean {
  return prefixes(path).every((prefix) => shapeOf(prefix, profile).presence === "always");
}

/** What is known of a path, given that everything above it is there. */
export function shapeOf(path: CelPath, profile: CallerProfile): Shape {
  let shape: Shape = profile.roots[path[0]!] ?? { presence: "maybe", others: "maybe" };
  for (const step of path.slice(1)) {
    const { members, others } = shape;
    if (members !== undefined && Object.hasOwn(members, step)) shape = members[step]!;
    else if (members === undefined && others === undefined)
      shape = { presence: "never" }; // below a plain value
    else shape = { presence: others ?? "never", ...(others && { others }) };
    if (shape.presence === "never") return shape;
  }
  return shape;
}

function prefixes(path: CelPath): CelPath[] {
  return path.map((_, index) => path.slice(0, index + 1));
}
