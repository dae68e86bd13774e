import { ConfigurationError, type ConfigurationProblem } from "./problem.ts";

// The editor's schema hint begins with a dollar sign that is no variable; Agentgateway takes the
// same one out before it expands.
const SCHEMA_HINT = "# yaml-language-server: $schema";

// `$$` | `${NAME}` | `${NAME:-default}` | `$NAME`. A dollar sign before anything else stays, as in
// a CEL pattern `"^/x$"`.
const REFERENCE = /\$(?:(\$)|\{([A-Za-z_]\w*)(?::-([^}]*))?\}|([A-Za-z_]\w*))/g;

/**
 * Replaces environment references in the whole text, comments included, as Agentgateway does before
 * it reads the YAML. An empty variable counts as unset. A variable that is not set and has no
 * default is a problem, never an empty string: an authority or an audience must not vanish.
 *
 * @throws ConfigurationError
 */
export function expandEnvironment({
  text,
  source,
  env,
}: {
  text: string;
  source: string;
  env: Readonly<Record<string, string | undefined>>;
}): string {
  const problems: ConfigurationProblem[] = [];
  const given = text.replaceAll(SCHEMA_HINT, "#");
  const expanded = given.replace(REFERENCE, (_reference, dollar, braced, fallback, bare, offset: number) => {
    if (dollar !== undefined) return "$";
    const name: string = braced ?? bare;
    const value = env[name] || (fallback ?? env[name]);
    if (value !== undefined) return value;
    const line = given.slice(0, offset).split("\n").length;
    problems.push({ path: "", line, message: `environment variable ${name} is not set and has no default` });
    return "";
  });
  if (problems.length > 0) throw new ConfigurationError(source, problems);
  return expanded;
}
