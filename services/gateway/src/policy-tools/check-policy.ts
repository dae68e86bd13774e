import type { NamedExpressions } from "../configuration/document-schema.ts";
import { loadConfiguration } from "../configuration/load-configuration.ts";
import { ConfigurationError } from "../configuration/problem.ts";
import { aauthCheckOf, callersOf, profileIn } from "./aauth-check.ts";
import type { Finding, RuleFinding } from "./finding.ts";
import { lintFields } from "./lint-fields.ts";
import { lintRule } from "./lint-rule.ts";

/** Where a rule stands in the file. */
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

/** What a check has looked at and found. */
export interface PolicyCheck {
  readonly rules: number;
  readonly routes: number;
  readonly findings: readonly Finding[];
}

/**
 * Lints a policy file: all that the gateway would refuse, and what it would take although it means
 * something else than it seems to.
 *
 * Does NOT prove anything: a rule without a finding may still never be true. `testPolicy` shows
 * what rules do.
 *
 * @param options.env variables for `${NAME:-default}` references, as the gateway will have them;
 * `AAUTH_PROFILE` and `AAUTH_MODE`, as the services will
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
  // Trace and log fields are written for the callers of all routes.
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
