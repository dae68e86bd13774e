import { ConfigurationError, type ConfigurationProblem } from "./problem.ts";

// The editor's schema hint contains a dollar sign that is not a variable. Agentgateway also removes
// the hint before expansion.
const SCHEMA_HINT = "# yaml-language-server: $schema";

// `$$` | `${NAME}` | `${NAME:-default}` | `$NAME`. Any other dollar sign is kept, as in a CEL
// pattern `"^/x$"`.
const REFERENCE = /\$(?:(\$)|\{([A-Za-z_]\w*)(?::-([^}]*))?\}|([A-Za-z_]\w*))/g;

/**
 * Replaces environment references in the whole text, including comments, as Agentgateway does
 * before it parses the YAML. An empty variable counts as unset. An unset variable without a default
 * is an error rather than an empty string, because an authority or an audience must not vanish.
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
