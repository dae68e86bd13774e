import { parseExpression } from "../cel/expression.ts";
import type { GatewayConfiguration, NamedExpression, Route } from "../configuration/configuration.ts";
import { loadConfiguration } from "../configuration/load-configuration.ts";
import { ConfigurationError } from "../configuration/problem.ts";
import { aauthCheckOf, callerProfiles } from "./caller-profiles.ts";
import type { Finding, RuleFinding } from "./finding.ts";
import { lintFields } from "./lint-fields.ts";
import { lintRules } from "./lint-rules.ts";

/** What a check has looked at and found. */
export interface PolicyCheck {
  readonly rules: number;
  readonly routes: number;
  readonly findings: readonly Finding[];
}

/**
 * Lints a policy file: all that the gateway would refuse, and what it would take although it cannot be meant.
 *
 * @param options.env variables for `${NAME:-default}` references, as the gateway will have them
 */
export function checkPolicy(options: {
  text: string;
  source: string;
  env: Readonly<Record<string, string | undefined>>;
}): PolicyCheck {
  let configuration: GatewayConfiguration;
  try {
    configuration = loadConfiguration(options);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { rules: 0, routes: 0, findings: error.problems.map(invalid) };
  }
  const routes = configuration.binds.flatMap(({ listeners }) =>
    listeners.flatMap((listener) => listener.routes),
  );
  const findings = [
    ...routes.flatMap((route) => lintRoute(route, routes)),
    ...lintObservation(configuration, routes),
  ];
  return {
    routes: routes.length,
    rules: routes.reduce((sum, { policies }) => sum + (policies.authorization?.length ?? 0), 0),
    findings: findings.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0)),
  };
}

function invalid({ path, line, message }: ConfigurationError["problems"][number]): Finding {
  const isForkName = /unknown CEL variable aauth\b/.test(message);
  return {
    kind: "invalid",
    severity: "error",
    ...(line !== undefined && { line }),
    place: path === "" ? "file" : path,
    message,
    ...(isForkName && { advice: "write extauthz.aauth; aauth alone was a name of the forked gateway" }),
  };
}

function lintRoute(route: Route, routes: readonly Route[]): Finding[] {
  const { authorization = [] } = route.policies;
  const profiles = callerProfiles(route.policies);
  const root = aauthCheckOf(route.policies)?.root ?? "aauth";
  const meaning = lintRules(authorization, profiles);
  return authorization.flatMap(({ expression, line }, index) => {
    const fields = lintFields(parseExpression(expression.source).ast, root, profiles);
    const place = `${route.name} rule ${index + 1}`;
    return [...fields, ...meaning[index]!.filter((finding) => !isSaidBy(finding, fields))].map((finding) =>
      nameAudience({ ...finding, place, ...(line !== undefined && { line }) }, route, routes),
    );
  });
}

/** That a rule can never be true because of a field with a finding of its own needs no saying. */
function isSaidBy(finding: RuleFinding, fields: readonly RuleFinding[]): boolean {
  if (finding.kind !== "never-true" && finding.kind !== "dead-part") return false;
  return fields.some(
    ({ severity, message }) => severity === "error" && finding.message.includes(message.split(/:? /)[0]!),
  );
}

/** An audience that is not this route's is most often another route's, from a rule that was copied. */
function nameAudience(finding: Finding, route: Route, routes: readonly Route[]): Finding {
  const [, audience] = /jwt_claims\.aud is never ("(?:[^"\\]|\\.)*")/.exec(finding.message) ?? [];
  if (audience === undefined) return finding;
  const host = URL.canParse(JSON.parse(audience) as string)
    ? new URL(JSON.parse(audience) as string).host
    : undefined;
  const owner = routes.find((other) => other !== route && aauthCheckOf(other.policies)?.authority === host);
  if (owner === undefined) return finding;
  return {
    ...finding,
    advice: `${audience} is the audience of route ${owner.name}; was the rule copied from there?`,
  };
}

function lintObservation({ tracing, logging }: GatewayConfiguration, routes: readonly Route[]): Finding[] {
  const root = routes.map(({ policies }) => aauthCheckOf(policies)?.root).find((name) => name !== undefined);
  if (root === undefined) return [];
  const lint = (fields: readonly NamedExpression[], where: string) =>
    fields.flatMap(({ name, expression, line }) =>
      lintFields(parseExpression(expression.source).ast, root, undefined).map((finding) => ({
        ...finding,
        place: `${where} field ${name}`,
        ...(line !== undefined && { line }),
      })),
    );
  return [...lint(tracing?.fields ?? [], "trace"), ...lint(logging.fields, "log")];
}
