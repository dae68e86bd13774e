import { possibleTexts } from "../cel/expression.ts";
import { checkDocument } from "./check-document.ts";
import { compileConfiguration } from "./compile-configuration.ts";
import type { ExtAuthzPolicy, GatewayConfiguration } from "./configuration.ts";
import { expandEnvironment, variablesIn } from "./expand-environment.ts";
import { type ParsedYaml, parseYaml } from "./parse-yaml.ts";
import { ConfigurationError, type ConfigurationProblem, formatPath } from "./problem.ts";

/** Variables that win over the file, as in Agentgateway. Unset members leave the file alone. */
export interface ConfigurationOverrides {
  readonly adminAddress?: string | undefined;
  readonly statsAddress?: string | undefined;
  readonly readinessAddress?: string | undefined;
  readonly otlpEndpoint?: string | undefined;
  readonly otlpProtocol?: string | undefined;
  /** Agentgateway has no such variable: OpenTelemetry's own switch, which the services beside the gateway know. */
  readonly tracesDisabled?: boolean;
  readonly logFormat?: string | undefined;
  /** `host:port` of the check service that this gateway stands in for: a route has to name it. */
  readonly checkInProcess?: string | undefined;
  /** What such a check is set to: a route that asks for anything else would be refused at each request. */
  readonly requestFrom?: "aauth" | "forwarded" | "path";
  readonly resources?: readonly string[];
}

/**
 * Text of an Agentgateway file -> configuration, every expression compiled.
 *
 * @param options.source name shown in problems, usually the file's
 * @param options.env variables for `${NAME:-default}` references
 * @throws ConfigurationError with every problem, each with its JSON path and line
 */
export function loadConfiguration(options: {
  text: string;
  source: string;
  env: Readonly<Record<string, string | undefined>>;
  overrides?: ConfigurationOverrides;
}): GatewayConfiguration {
  const { source, env, overrides = {} } = options;
  const refuseIfAny = (
    problems: readonly ConfigurationProblem[],
    complete?: (problem: ConfigurationProblem) => ConfigurationProblem,
  ) => {
    if (problems.length > 0) throw new ConfigurationError(source, problems, complete);
  };

  const expanded = expandEnvironment(options.text, env);
  refuseIfAny(expanded.problems);
  const lines = options.text.split("\n");
  /** What is wrong may well be what a variable has put there. */
  const withVariables = (problem: ConfigurationProblem): ConfigurationProblem => {
    const names = variablesIn(lines[(problem.line ?? 0) - 1] ?? "", env);
    if (names.length === 0) return problem;
    return { ...problem, message: `${problem.message} (${names.join(", ")} is in this line)` };
  };
  const parsed = parseYaml(expanded.text);
  refuseIfAny(parsed.problems, withVariables);
  const yaml = withOverrides(parsed.yaml!, overrides);
  const checked = checkDocument(yaml);
  refuseIfAny(checked.problems, withVariables);
  const compiled = compileConfiguration(checked.document!, yaml);
  refuseIfAny(compiled.problems, withVariables);
  refuseIfAny(uselessCheck(compiled.configuration, overrides, yaml));
  return compiled.configuration;
}

/** A check that no route asks for would be one that somebody believes in, and one that can only refuse would be found by callers. */
function uselessCheck(
  { binds }: GatewayConfiguration,
  overrides: ConfigurationOverrides,
  yaml: ParsedYaml,
): ConfigurationProblem[] {
  const { checkInProcess: address } = overrides;
  if (address === undefined) return [];
  const asking = binds.flatMap(({ listeners }, b) =>
    listeners.flatMap(({ routes }, l) =>
      routes.flatMap(({ policies: { extAuthz } }, r) =>
        extAuthz !== undefined && `${extAuthz.host}:${extAuthz.port}` === address
          ? { extAuthz, path: ["binds", b, "listeners", l, "routes", r, "policies", "extAuthz"] }
          : [],
      ),
    ),
  );
  if (asking.length === 0) {
    const message = `no route's extAuthz has the host ${address}, which GATEWAY_AUTHZ_IN_PROCESS names`;
    return [{ path: "", message }];
  }
  return asking.flatMap(({ extAuthz, path }) =>
    reasonsToRefuse(extAuthz, overrides).map((message) => {
      const line = yaml.lineOf(path);
      return { path: formatPath(path), ...(line !== undefined && { line }), message };
    }),
  );
}

/** What the fields begin with that name the request; with `path` none do. */
const REQUEST_FIELDS = { aauth: "x-aauth", forwarded: "x-forwarded", path: undefined } as const;

/** Why the check in this process would refuse whatever this policy asks about. */
function reasonsToRefuse(
  { addRequestHeaders }: ExtAuthzPolicy,
  { requestFrom = "path", resources }: ConfigurationOverrides,
): string[] {
  const reasons: string[] = [];
  const sourceOf = (field: string) => addRequestHeaders.find(({ name }) => name === field)?.expression.source;
  const prefix = REQUEST_FIELDS[requestFrom];
  for (const field of prefix === undefined ? [] : [`${prefix}-method`, `${prefix}-uri`]) {
    if (sourceOf(field) !== undefined) continue;
    reasons.push(
      `its addRequestHeaders have no ${field}, which GATEWAY_AUTHZ_REQUEST_FROM=${requestFrom} wants`,
    );
  }
  const known = resources?.map((resource) => URL.parse(resource)?.host);
  const authoritySource = sourceOf("x-aauth-authority");
  for (const authority of authoritySource === undefined ? [] : possibleTexts(authoritySource)) {
    if (known === undefined || known.includes(authority)) continue;
    reasons.push(`no resource of GATEWAY_AUTHZ_RESOURCES has the authority ${JSON.stringify(authority)}`);
  }
  return reasons;
}

function withOverrides(yaml: ParsedYaml, overrides: ConfigurationOverrides): ParsedYaml {
  if (!isObject(yaml.data)) return yaml;
  const { config = {} } = yaml.data;
  if (!isObject(config)) return yaml;
  const { logging } = config;
  const tracing = overrides.tracesDisabled ? undefined : config.tracing;
  const data = {
    ...yaml.data,
    config: defined({
      ...config,
      adminAddr: overrides.adminAddress ?? config.adminAddr,
      statsAddr: overrides.statsAddress ?? config.statsAddr,
      readinessAddr: overrides.readinessAddress ?? config.readinessAddr,
      // The endpoint variables steer tracing where the file asks for it; they do not switch it on.
      tracing: isObject(tracing)
        ? defined({
            ...tracing,
            otlpEndpoint: overrides.otlpEndpoint ?? tracing.otlpEndpoint,
            otlpProtocol: overrides.otlpProtocol ?? tracing.otlpProtocol,
          })
        : tracing,
      logging:
        overrides.logFormat !== undefined && (logging === undefined || isObject(logging))
          ? { ...logging, format: overrides.logFormat }
          : logging,
    }),
  };
  return { ...yaml, data };
}

function defined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
