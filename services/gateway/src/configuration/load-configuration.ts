import { checkDocument } from "./check-document.ts";
import { compileConfiguration } from "./compile-configuration.ts";
import type { GatewayConfiguration } from "./configuration.ts";
import { expandEnvironment, variablesIn } from "./expand-environment.ts";
import { type ParsedYaml, parseYaml } from "./parse-yaml.ts";
import { ConfigurationError, type ConfigurationProblem } from "./problem.ts";

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
  return compiled.configuration;
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
