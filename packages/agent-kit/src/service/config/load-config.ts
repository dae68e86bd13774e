import { closestName } from "./closest-name.ts";
import { ConfigError, type ConfigProblem, HelpRequested } from "./config-error.ts";
import { KNOWN_NAMES, OWN_PREFIX, REFUSED } from "./known-names.ts";
import { readFlags } from "./read-flags.ts";
import type { Config, Setting, Settings } from "./setting.ts";
import { settingsHelp } from "./settings-help.ts";

const LONGEST_ECHO_CHARACTERS = 60;

/**
 * Reads a service's settings: a flag takes precedence over the environment, and the environment
 * over the default. An empty variable is treated as unset (compose writes `X=${X:-}`). The result
 * is frozen.
 *
 * Refuses a malformed value, a missing required one, an unknown flag, an unknown `AAUTH_` variable
 * and one that was renamed; variables of the sibling services are known. Does NOT check
 * combinations of settings: throw a {@link ConfigError} for that.
 *
 * @param options.env usually `process.env`
 * @param options.argv the arguments after the script's name: `process.argv.slice(2)`
 * @throws ConfigError with every problem, each under the name of its variable or flag
 * @throws HelpRequested on `--help` or `-h`
 */
export function loadConfig<S extends Settings>(options: {
  service: string;
  settings: S;
  env: NodeJS.ProcessEnv;
  argv: readonly string[];
}): Config<S> {
  const { service, settings, env, argv } = options;
  const flags = readFlags(settings, argv);
  if (flags.helpRequested) throw new HelpRequested(settingsHelp(service, settings));

  // hole D13: [...flags.problems]
  const problems = [...flags.problems, ...unknownVariables(settings, env)];
  const values: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(settings)) {
    const fromFlag = flags.values.get(name);
    const fromEnv = declaration.env === undefined ? undefined : env[declaration.env] || undefined;
    const raw = fromFlag ?? fromEnv;
    const parsed = declaration.schema.safeParse(raw);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      const source =
        fromFlag === undefined && declaration.env !== undefined ? declaration.env : `--${declaration.flag}`;
      problems.push({
        name: source,
        message: valueProblem(declaration, raw, parsed.error.issues[0]?.message),
      });
    }
  }
  if (problems.length > 0) throw new ConfigError(service, problems);
  return Object.freeze(values) as Config<S>;
}

function valueProblem(declaration: Setting, raw: string | undefined, issue = "not accepted"): string {
  if (raw === undefined) return `is required (${declaration.description})`;
  const reason = issue.replace(/^Invalid (input|option): /, "");
  if (declaration.secret) return `${reason} (${declaration.description})`;
  const echo = raw.length > LONGEST_ECHO_CHARACTERS ? `${raw.slice(0, LONGEST_ECHO_CHARACTERS)}…` : raw;
  return `${reason}, got ${JSON.stringify(echo)} (${declaration.description})`;
}

function unknownVariables(settings: Settings, env: NodeJS.ProcessEnv): ConfigProblem[] {
  const known = new Set(KNOWN_NAMES);
  for (const { env: name } of Object.values(settings)) if (name !== undefined) known.add(name);
  return Object.keys(env)
    .filter((name) => (name.startsWith(OWN_PREFIX) && !known.has(name)) || (REFUSED.has(name) && env[name]))
    .map((name) => {
      const closest = closestName(name, known);
      const hint = REFUSED.get(name) ?? (closest && `did you mean ${closest}?`);
      return { name, message: `unknown variable${hint === undefined ? "" : `; ${hint}`}` };
    });
}
