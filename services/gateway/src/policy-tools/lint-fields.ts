import type { ASTNode } from "@marcbachmann/cel-js";
import { ACT_MEMBERS, CALLER_MEMBERS, type CallerProfile, SCHEMES, TOKEN_CLAIMS } from "./caller-profiles.ts";
import { type CelPath, formatCelPath, pathOf, pathsNamedBy } from "./cel-paths.ts";
import { closestWord } from "./closest-word.ts";
import { scalarOf } from "./conditions.ts";
import { shapeOf } from "./contradiction.ts";
import type { RuleFinding } from "./finding.ts";

/**
 * What single fields and comparisons of an expression give away: names nobody sets, fields that no caller of this route can have, and
 * comparisons that mean something else than they seem to.
 *
 * @param root name of the AAuth metadata, `aauth` in `extauthz.aauth`
 * @param profiles who can reach the expression; undefined for log and trace fields, which every route shares
 */
export function lintFields(
  ast: ASTNode,
  root: string,
  profiles: readonly CallerProfile[] | undefined,
): RuleFinding[] {
  const findings = pathsNamedBy(ast).flatMap((path) => lintPath(path, root, profiles) ?? []);
  if (profiles !== undefined) walk(ast, (node) => findings.push(...lintComparison(node, root)));
  const seen = new Set<string>();
  return findings.filter(({ kind, message }) => {
    const key = `${kind} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}

function lintPath(
  path: CelPath,
  root: string,
  profiles: readonly CallerProfile[] | undefined,
): RuleFinding | undefined {
  return (
    unknownMember(path, root, profiles !== undefined) ?? (profiles && neverCarried(path, root, profiles))
  );
}

function unknownMember(path: CelPath, root: string, isRule: boolean): RuleFinding | undefined {
  if (path[0] !== "extauthz" || path[1] !== root || path.length < 3) return undefined;
  const [, , member, claim, ...below] = path;
  if (!CALLER_MEMBERS.includes(member as never)) {
    return unknown(
      path.slice(0, 3),
      member!,
      CALLER_MEMBERS,
      `gateway-authz sets ${CALLER_MEMBERS.join(", ")}`,
    );
  }
  if (member !== "jwt_claims" || claim === undefined) return undefined;
  if (claim === "act") {
    for (const [index, step] of below.entries()) {
      if (!ACT_MEMBERS.includes(step as never)) {
        return unknown(
          path.slice(0, 5 + index),
          step,
          ACT_MEMBERS,
          `an act claim has ${ACT_MEMBERS.join(", ")}`,
        );
      }
      if (step !== "act") break;
    }
  }
  if (!isRule || TOKEN_CLAIMS.includes(claim)) return undefined;
  const meant = closestWord(claim, TOKEN_CLAIMS);
  return {
    kind: "unknown-claim",
    severity: meant === undefined ? "note" : "warning",
    message: `${formatCelPath(path.slice(0, 4))}: no claim of an AAuth token; only an issuer that adds it makes it true`,
    ...(meant !== undefined && { advice: `did you mean ${meant}?` }),
  };
}

function unknown(path: CelPath, step: string, known: readonly string[], facts: string): RuleFinding {
  const meant = closestWord(step, known);
  return {
    kind: "unknown-field",
    severity: "error",
    message: `${formatCelPath(path)}: there is no such field; ${facts}`,
    ...(meant !== undefined && { advice: `did you mean ${meant}?` }),
  };
}

function neverCarried(
  path: CelPath,
  root: string,
  profiles: readonly CallerProfile[],
): RuleFinding | undefined {
  if (profiles.some((profile) => isPossible(path, profile))) return undefined;
  const text = formatCelPath(path);
  const [first, second] = path;
  const why =
    first === "jwt"
      ? `only a jwtAuth policy sets jwt; the claims of an AAuth token are in extauthz.${root}.jwt_claims`
      : first === "response"
        ? "there is no response yet when the rules are evaluated"
        : first === "extauthz" && second !== root
          ? `this route's extAuthz has no metadata entry ${second}`
          : first === "extauthz" && profiles.every(({ standing }) => standing !== "identified")
            ? "this route has no extAuthz policy that asks gateway-authz"
            : "no caller that this route's mode and required scheme let through has it";
  return { kind: "never-carried", severity: "error", message: `${text} is never there: ${why}` };
}

function isPossible(path: CelPath, profile: CallerProfile): boolean {
  return path.every((_, index) => shapeOf(path.slice(0, index + 1), profile).presence !== "never");
}

function lintComparison(node: ASTNode, root: string): RuleFinding[] {
  const found = comparisonOf(node);
  if (found === undefined) return [];
  const [, first, member, claim] = found.path;
  if (found.path[0] !== "extauthz" || first !== root) return [];
  const field = formatCelPath(found.path);
  if (member === "scheme" && found.path.length === 3) return schemeSpelling(field, found);
  if (member === "jwt_claims" && claim === "scope" && found.path.length === 4) {
    return scopeSubstring(field, found);
  }
  const isIdentifier = (member === "agent" && found.path.length === 3) || isIdentifierClaim(found.path);
  return isIdentifier ? identifierPrefix(field, found) : [];
}

interface Comparison {
  readonly path: CelPath;
  readonly operator: "equals" | "startsWith" | "endsWith" | "contains";
  readonly texts: readonly string[];
}

function comparisonOf(node: ASTNode): Comparison | undefined {
  const texts = (nodes: readonly ASTNode[]) =>
    nodes.map(scalarOf).filter((value) => typeof value === "string");
  const comparison = (
    path: CelPath | undefined,
    operator: Comparison["operator"],
    values: readonly ASTNode[],
  ) => path && { path, operator, texts: texts(values) };
  if (node.op === "==" || node.op === "!=") {
    const [left, right] = node.args;
    const path = pathOf(left);
    return path === undefined
      ? comparison(pathOf(right), "equals", [left])
      : comparison(path, "equals", [right]);
  }
  if (node.op === "in") {
    const [value, container] = node.args;
    if (container.op === "list") return comparison(pathOf(value), "equals", container.args);
    // Agentgateway's `in` looks into text, too.
    return comparison(pathOf(container), "contains", [value]);
  }
  if (node.op !== "rcall") return undefined;
  const [name, receiver, args] = node.args;
  if (name !== "startsWith" && name !== "endsWith" && name !== "contains") return undefined;
  return comparison(pathOf(receiver), name, args);
}

function schemeSpelling(field: string, { texts }: Comparison): RuleFinding[] {
  return texts
    .filter((text) => !SCHEMES.includes(text as never))
    .map((text) => {
      const meant = closestWord(text, SCHEMES);
      return {
        kind: "scheme-spelling",
        severity: "error",
        message: `${field} is never ${JSON.stringify(text)}; it is ${SCHEMES.join(", ")}, in this spelling`,
        ...(meant !== undefined && { advice: `write ${JSON.stringify(meant)}` }),
      };
    });
}

function scopeSubstring(field: string, { operator, texts }: Comparison): RuleFinding[] {
  const [text] = texts;
  if (text === undefined) return [];
  const advice = `write ${JSON.stringify(text)} in ${field}.split(" ")`;
  const message =
    operator === "equals"
      ? `${field} is a list of words; a token with ${JSON.stringify(text)} and one more is not equal to it`
      : `${field}: ${operator} looks for text, not for a scope, and takes ${JSON.stringify(operator === "endsWith" ? `not-${text}` : `${text}-all`)} for ${JSON.stringify(text)}`;
  return [{ kind: "scope-substring", severity: "warning", message, advice }];
}

function identifierPrefix(field: string, { operator, texts }: Comparison): RuleFinding[] {
  const [text] = texts;
  if (text === undefined || operator === "equals") return [];
  const endsInPath = /^https?:\/\/[^/]+\/./.test(text) || /^https?:\/\/[^/]+\/$/.test(text);
  if (operator === "startsWith" && endsInPath) return [];
  const message =
    operator === "startsWith"
      ? `${field}: identifiers of other owners start with ${JSON.stringify(text)}, too, such as ${JSON.stringify(`${text}.example`)}`
      : `${field}: ${operator} also fits identifiers of other owners`;
  const advice = "compare whole identifiers with == or in, or let the text end with a slash after the host";
  return [{ kind: "identifier-prefix", severity: "warning", message, advice }];
}

function isIdentifierClaim(path: CelPath): boolean {
  if (path[2] !== "jwt_claims") return false;
  const last = path.at(-1)!;
  return path.length === 4 ? ["iss", "aud", "agent"].includes(last) : path[3] === "act" && last === "agent";
}

function walk(node: unknown, found: (node: ASTNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, found);
  } else if (typeof node === "object" && node !== null && "op" in node) {
    found(node as ASTNode);
    walk((node as ASTNode).args, found);
  }
}
