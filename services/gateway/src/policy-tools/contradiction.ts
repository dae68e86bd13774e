import type { CallerProfile, Shape } from "./caller-profiles.ts";
import { type CelPath, formatCelPath, pathKey } from "./cel-paths.ts";
import { type Condition, describeCondition, type Scalar, type Term } from "./conditions.ts";

type TextCondition = Extract<Condition, { kind: "text" }>;
type OneOf = Extract<Condition, { kind: "one-of" }>;
type Order = Extract<Condition, { kind: "order" }>;

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
    beginningContradiction(term, profile) ??
    orderContradiction(term) ??
    opaqueContradiction(term)
  );
}

/** The values a path can still have under a term; undefined when they are not limited. */
export function possibleValues(term: Term, path: CelPath, profile: CallerProfile): Scalar[] | undefined {
  const key = pathKey(path);
  const shape = shapeOf(path, profile);
  const conditions = aboutValue(term, key);
  let values = shape.values === undefined ? undefined : [...shape.values];
  for (const condition of conditions) {
    if (condition.kind !== "one-of" || condition.negated) continue;
    values = values?.filter((value) => condition.values.includes(value)) ?? [...condition.values];
  }
  return values?.filter(
    (value) =>
      refusal(value, shape) === undefined && conditions.every((condition) => passes(value, condition)),
  );
}

function aboutValue(term: Term, key: string): (OneOf | TextCondition | Order)[] {
  return term.filter(
    (condition): condition is OneOf | TextCondition | Order =>
      (condition.kind === "one-of" || condition.kind === "text" || condition.kind === "order") &&
      pathKey(condition.path) === key,
  );
}

/** Why a value cannot be, or undefined. */
function refusal(value: Scalar, { refuses, begins }: Shape): string | undefined {
  if (begins !== undefined && !(typeof value === "string" && value.startsWith(begins))) {
    return `it begins with ${begins}`;
  }
  return refuses?.(value);
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
    if (condition.kind !== "one-of" && condition.kind !== "text" && condition.kind !== "order") continue;
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
  const about = aboutValue(term, pathKey(path));
  for (const condition of about) {
    if (condition.kind !== "one-of" || condition.negated) continue;
    for (const value of condition.values) {
      const why = refusal(value, shape);
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

/** A beginning that no value has, or one that every value has and this one must not. */
function beginningContradiction(term: Term, profile: CallerProfile): string | undefined {
  for (const condition of term) {
    if (condition.kind !== "text" || condition.test !== "startsWith") continue;
    const { path, text, negated } = condition;
    const { begins } = shapeOf(path, profile);
    if (begins === undefined) continue;
    const always = begins.startsWith(text);
    if (negated ? always : !always && !text.startsWith(begins)) {
      return `${describeCondition(condition)}, but it begins with ${begins}`;
    }
  }
  return undefined;
}

/** Bounds that leave nothing between them. Nothing has a size below zero or between two whole numbers. */
function orderContradiction(term: Term): string | undefined {
  const orders = term.filter((condition): condition is Order => condition.kind === "order");
  for (const first of orders) {
    const same = orders.filter(({ path, of }) => of === first.of && pathKey(path) === pathKey(first.path));
    const isWhole = first.of === "size";
    let low = { at: isWhole ? 0 : Number.NEGATIVE_INFINITY, excluded: false };
    let high = { at: Number.POSITIVE_INFINITY, excluded: false };
    for (const { comparison, bound } of same) {
      if (comparison === "!=") continue;
      if (comparison !== "<" && comparison !== "<=") {
        const at = isWhole ? (comparison === ">" ? Math.floor(bound) + 1 : Math.ceil(bound)) : bound;
        const excluded = !isWhole && comparison === ">";
        if (at > low.at || (at === low.at && excluded)) low = { at, excluded };
      }
      if (comparison !== ">" && comparison !== ">=") {
        const at = isWhole ? (comparison === "<" ? Math.ceil(bound) - 1 : Math.floor(bound)) : bound;
        const excluded = !isWhole && comparison === "<";
        if (at < high.at || (at === high.at && excluded)) high = { at, excluded };
      }
    }
    if (low.at < high.at || (low.at === high.at && !low.excluded && !high.excluded)) continue;
    const wanted = [...new Set(same.map((condition) => describeCondition(condition)))].join(", and ");
    return same.length > 1 ? `contradiction: ${wanted}` : `nothing has ${wanted}`;
  }
  return undefined;
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

function passes(value: Scalar, condition: OneOf | TextCondition | Order): boolean {
  if (condition.kind === "order") {
    const measured =
      condition.of === "value" ? value : typeof value === "string" ? [...value].length : undefined;
    return typeof measured === "number" && compares(measured, condition);
  }
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

function compares(value: number, { comparison, bound }: Order): boolean {
  if (comparison === "<") return value < bound;
  if (comparison === "<=") return value <= bound;
  if (comparison === ">") return value > bound;
  if (comparison === ">=") return value >= bound;
  return comparison === "==" ? value === bound : value !== bound;
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
