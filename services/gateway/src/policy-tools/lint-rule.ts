import type { ASTNode } from "@marcbachmann/cel-js";
import { type CelPath, formatCelPath, pathOf, pathsNamedBy } from "../cel/cel-paths.ts";
import { visitNodes } from "../cel/expression.ts";
import type { AuthorizationRule, Policies } from "../configuration/document-schema.ts";
import { celContext } from "../proxy/cel-context.ts";
import { type AAuthCheck, aauthCheckOf, callersOf } from "./aauth-check.ts";
import { OF_DRAFT_11 } from "./carriers.ts";
import type { RuleFinding } from "./finding.ts";
import { lintCarriers } from "./lint-carriers.ts";
import { lintFields } from "./lint-fields.ts";

/** Values of `extauthz.aauth.scheme`. */
const SCHEMES = ["Hwk", "Jwks", "Jwt"];

/**
 * Lints a rule: fields that no caller has, misleading comparisons, and rules that are too open.
 *
 * @param profile of a route that names none
 * @param mode mode of the agents, if known
 */
export function lintRule(
  rule: AuthorizationRule,
  policies: Policies,
  profile: string,
  mode: string | undefined,
): RuleFinding[] {
  const { ast } = rule.expression;
  const check = aauthCheckOf(policies, profile);
  const callers = callersOf(check, profile);
  const comparisons: RuleFinding[] = [];
  visitNodes(ast, (node) => comparisons.push(...lintComparison(node)));
  return [
    ...lintFields(ast, callers),
    ...lintCarriers(ast, callers, mode),
    ...pathsNamedBy(ast).flatMap((path) => neverCarried(path, policies) ?? []),
    ...comparisons,
    ...denyCanFail(rule),
    ...openToUnsigned(rule, check),
  ];
}

function neverCarried(path: CelPath, { extAuthz }: Policies): RuleFinding | undefined {
  const [first, second] = path;
  const why =
    first === "jwt"
      ? "only a jwtAuth policy sets jwt; the claims of an AAuth token are in extauthz.aauth.jwt_claims"
      : first === "response"
        ? "there is no response yet when the rules are evaluated"
        : first === "extauthz" && second !== undefined && extAuthz?.metadata[second] === undefined
          ? `this route's extAuthz has no metadata entry ${second}`
          : undefined;
  return why === undefined
    ? undefined
    : { kind: "never-carried", severity: "error", message: `${formatCelPath(path)} is never there: ${why}` };
}

/**
 * Finds `deny` rules that can fail, and so let requests through. A negating one fails for the very
 * callers that it targets.
 */
function denyCanFail({ effect, expression: { ast } }: AuthorizationRule): RuleFinding[] {
  if (effect !== "deny") return [];
  let isNegating = false;
  const guarded: string[] = [];
  visitNodes(ast, (node) => {
    const isHas = (part: ASTNode) => part.op === "call" && part.args[0] === "has";
    if (node.op === "!=" || (node.op === "!_" && !isHas(node.args))) isNegating = true;
    if (isHas(node)) guarded.push(...pathsNamedBy(node).map(formatCelPath));
  });
  if (!isNegating) return [];
  const missing = pathsNamedBy(ast).flatMap((path) => {
    if (path[0] !== "extauthz") return [];
    const steps = path.map((_, index) => formatCelPath(path.slice(0, index + 1))).slice(2);
    // An act claim always has an agent.
    if (path.at(-2) === "act" && path.at(-1) === "agent") steps.pop();
    return steps.find((step) => !guarded.includes(step)) ?? [];
  });
  return [...new Set(missing)].map((field) => ({
    kind: "deny-can-fail",
    severity: "error",
    message: `fails for a caller without ${field}, and a failing deny lets requests through`,
    advice: `begin with has(${field}) &&, or turn it into a require, which refuses when it fails`,
  }));
}

/** Tries an `allow` with unsigned requests to paths that the rule does not list. */
function openToUnsigned(
  { effect, expression }: AuthorizationRule,
  check: AAuthCheck | undefined,
): RuleFinding[] {
  if (effect !== "allow" || check?.mode === "strict") return [];
  const prefixes = new Set(["/"]);
  visitNodes(expression.ast, ({ op, args }) => {
    if (op === "value" && typeof args === "string" && args.startsWith("/")) prefixes.add(args);
  });
  for (const prefix of prefixes) {
    for (const method of ["POST", "GET"]) {
      const target = `${prefix}not-listed`;
      const context = celContext({
        method,
        target,
        path: target,
        authority: check?.authorities?.[0] ?? "",
        hostname: "",
        httpVersion: "1.1",
        fields: [],
        sourceAddress: "127.0.0.1",
        sourcePort: 0,
        hasBody: false,
      });
      if (!expression.isTrue({ ...context, extauthz: check ? { aauth: {} } : {} })) continue;
      const paths = prefix === "/" ? "whatever their path" : `to every path that begins with ${prefix}`;
      return [
        {
          kind: "open-to-unsigned",
          severity: "warning",
          message: `lets requests without any signature through, ${paths}`,
          advice: "name exact paths, ask for extauthz.aauth.agent, or set x-aauth-mode to strict",
        },
      ];
    }
  }
  return [];
}

function lintComparison(node: ASTNode): RuleFinding[] {
  const found = comparisonOf(node);
  if (found === undefined) return [];
  const { path } = found;
  const field = formatCelPath(path);
  const [first, second, member, claim] = path;
  if (first !== "extauthz" || second !== "aauth") return [];
  if (member === "scheme") return spelling(field, found, SCHEMES);
  if (member === "level") return spelling(field, found, OF_DRAFT_11);
  if (member === "jwt_claims" && claim === "scope") return scopeSubstring(field, found);
  const isIdentifier =
    (/^(?:agent|parent_agent|server)$/.test(member ?? "") && path.length === 3) ||
    (member === "person" && claim === "iss") ||
    (member === "jwt_claims" && /^(?:iss|aud|agent)$/.test(path.at(-1)!));
  return isIdentifier ? identifierPrefix(field, found) : [];
}

interface Comparison {
  readonly path: CelPath;
  readonly operator: "equals" | "startsWith" | "endsWith" | "contains";
  readonly texts: readonly string[];
}

function comparisonOf(node: ASTNode): Comparison | undefined {
  const comparison = (
    compared: ASTNode,
    operator: Comparison["operator"],
    values: readonly ASTNode[],
  ): Comparison | undefined => {
    const path = pathOf(compared);
    const texts = values.flatMap(({ op, args }) =>
      op === "value" && typeof args === "string" ? [args] : [],
    );
    return path && { path, operator, texts };
  };
  if (node.op === "==" || node.op === "!=") {
    const [left, right] = node.args;
    return comparison(left, "equals", [right]) ?? comparison(right, "equals", [left]);
  }
  if (node.op === "in") {
    const [value, container] = node.args;
    // Agentgateway's `in` also searches strings.
    return container.op === "list"
      ? comparison(value, "equals", container.args)
      : comparison(container, "contains", [value]);
  }
  if (node.op !== "rcall") return undefined;
  const [name, receiver, args] = node.args;
  if (name !== "startsWith" && name !== "endsWith" && name !== "contains") return undefined;
  return comparison(receiver, name, args);
}

function spelling(field: string, { texts }: Comparison, values: readonly string[]): RuleFinding[] {
  return texts
    .filter((text) => !values.includes(text))
    .map((text) => ({
      kind: "scheme-spelling",
      severity: "error",
      message: `${field} is never ${JSON.stringify(text)}; its values are ${values.join(", ")}, in this spelling`,
    }));
}

function scopeSubstring(field: string, { operator, texts: [text] }: Comparison): RuleFinding[] {
  if (text === undefined) return [];
  const message =
    operator === "equals"
      ? `${field} is a list of words; a token with ${JSON.stringify(text)} and one more is not equal to it`
      : `${field}: ${operator} looks for text, not for a scope, and takes ${JSON.stringify(operator === "endsWith" ? `not-${text}` : `${text}-all`)} for ${JSON.stringify(text)}`;
  const advice = `write ${JSON.stringify(text)} in ${field}.split(" ")`;
  return [{ kind: "scope-substring", severity: "warning", message, advice }];
}

function identifierPrefix(field: string, { operator, texts: [text] }: Comparison): RuleFinding[] {
  if (text === undefined || operator === "equals") return [];
  if (operator === "startsWith" && /^https?:\/\/[^/]+\//.test(text)) return [];
  // Matches the agents of one provider in draft -11, because names contain no other @.
  if (operator === "endsWith" && text.startsWith("@")) return [];
  const message =
    operator === "startsWith"
      ? `${field}: identifiers of other owners start with ${JSON.stringify(text)}, too, such as ${JSON.stringify(`${text}.example`)}`
      : `${field}: ${operator} also fits identifiers of other owners`;
  const advice = "compare whole identifiers with == or in, or let the text end with a slash after the host";
  return [{ kind: "identifier-prefix", severity: "warning", message, advice }];
}
