import type { NamedExpressions } from "../configuration/document-schema.ts";
import { loadConfiguration } from "../configuration/load-configuration.ts";
import { ConfigurationError } from "../configuration/problem.ts";
import { aauthCheckOf, callersOf, profileIn } from "./aauth-check.ts";
import type { Finding, RuleFinding } from "./finding.ts";
import { lintFields } from "./lint-fields.ts";
import { lintRule } from "./lint-rule.ts";

/** JSON path of a rule in the file. */
export const rulePath = (listener: number, rule: number): PropertyKey[] => [
  "binds",
  0,
  "listeners",
  listener,
  "routes",
  0,
  "policies",
  "authorization",
  "rules",
  rule,
];

/** Scope and findings of a check. */
export interface PolicyCheck {
  readonly rules: number;
  readonly routes: number;
  readonly findings: readonly Finding[];
}

/**
 * Lints a policy file: reports what the gateway would refuse, and what it would accept although its
 * meaning differs from its appearance.
 *
 * Does NOT prove correctness: a rule without a finding may still never be true. `testPolicy` shows
 * the effect of rules.
 *
 * @param options.env the gateway's variables, for `${NAME:-default}` references, and the services'
 * `AAUTH_PROFILE` and `AAUTH_MODE`
 */
export function checkPolicy(options: Parameters<typeof loadConfiguration>[0]): PolicyCheck {
  let configuration: ReturnType<typeof loadConfiguration>;
  try {
    configuration = loadConfiguration(options);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const findings = error.problems.map(
      ({ path, ...problem }): Finding => ({
        ...problem,
        kind: "invalid",
        severity: "error",
        place: path || "file",
      }),
    );
    return { rules: 0, routes: 0, findings };
  }
  const { bind, config, lineOf } = configuration;
  const profile = profileIn(options.env);
  const mode = options.env.AAUTH_MODE?.toLowerCase();
  const placed = (findings: RuleFinding[], place: string, path: PropertyKey[]): Finding[] => {
    const line = lineOf(path);
    return findings.map((finding) => ({ ...finding, place, ...(line !== undefined && { line }) }));
  };
  const findings: Finding[] = [];
  const routes = bind.listeners.map(({ route }) => route);
  const rules = routes.map(({ policies }) => policies.authorization ?? []);
  for (const [index, route] of routes.entries()) {
    for (const [number, rule] of rules[index]!.entries()) {
      const place = `${route.name} rule ${number + 1}`;
      findings.push(...placed(lintRule(rule, route.policies, profile, mode), place, rulePath(index, number)));
    }
  }
  // Trace and log fields apply to the callers of all routes.
  const callers = [
    ...new Set(routes.flatMap(({ policies }) => callersOf(aauthCheckOf(policies, profile), profile))),
  ];
  const lintShared = (fields: NamedExpressions = {}, section: "tracing" | "logging") => {
    for (const [name, { ast }] of Object.entries(fields)) {
      const at = ["config", section, "fields", "add", name];
      const place = `${section === "tracing" ? "trace" : "log"} field ${name}`;
      findings.push(...placed(lintFields(ast, callers), place, at));
    }
  };
  lintShared(config.tracing?.fields?.add, "tracing");
  lintShared(config.logging.fields?.add, "logging");
  return {
    routes: routes.length,
    rules: rules.flat().length,
    findings: findings.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0)),
  };
}
