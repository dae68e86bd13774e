import type { z } from "zod";
import { documentSchema, type GatewayConfiguration } from "./document-schema.ts";
import { expandEnvironment } from "./expand-environment.ts";
import { parseYaml } from "./parse-yaml.ts";
import { ConfigurationError, formatPath } from "./problem.ts";

/**
 * Parses the text of an Agentgateway file, with every expression compiled.
 *
 * @param options.source name shown in problems, usually the file's
 * @param options.env variables for `${NAME:-default}` references
 * @throws ConfigurationError with every problem, each with its JSON path and line
 */
export function loadConfiguration(options: {
  text: string;
  source: string;
  env: Readonly<Record<string, string | undefined>>;
}): GatewayConfiguration {
  return loadYaml(options, documentSchema);
}

/**
 * Parses the text of a configuration file with any schema.
 *
 * @param schema strict: an unknown key is an error
 * @throws ConfigurationError
 */
export function loadYaml<Output extends object>(
  options: Parameters<typeof loadConfiguration>[0],
  schema: z.ZodType<Output>,
): Output & Pick<GatewayConfiguration, "lineOf"> {
  const { source } = options;
  const { data, lineOf } = parseYaml(expandEnvironment(options), source);
  const parsed = schema.safeParse(data);
  if (parsed.success) return { ...parsed.data, lineOf };
  const problems = parsed.error.issues.flatMap(placesOf).map(({ path, message }) => {
    const line = lineOf(path);
    return { path: formatPath(path), ...(line !== undefined && { line }), message };
  });
  throw new ConfigurationError(source, problems);
}

/**
 * The published demo's gateway verifies signatures itself, and its files configure that in a policy
 * that Agentgateway does not have.
 */
const isPublishedPolicy = (path: readonly PropertyKey[], key: string) =>
  key === "aauth" && path.at(-1) === "policies";

function placesOf(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: isPublishedPolicy(path, key)
        ? "this file is for the published demo's gateway; agentgateway/config.yaml does the same here, by extAuthz and gateway-authz"
        : `key ${key} is unknown, or not supported by the embedded gateway`,
    }));
  }
  const said = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const message = said.replace(/^Invalid (?:input|option): /, "");
  return [{ path, message: /received undefined$/.test(message) ? "is required" : message }];
}
