import type { ConfigurationProblem } from "./problem.ts";

// The editor's schema hint begins with a dollar sign that is no variable; Agentgateway takes the same one out before it expands.
const SCHEMA_HINT = "# yaml-language-server: $schema";

// `$$` | `${NAME}` | `${NAME:-default}` | `$NAME`. A dollar sign before anything else stays, as in a CEL pattern `"^/x$"`.
const REFERENCE = /\$(?:(\$)|\{([A-Za-z_]\w*)(?::-([^}]*))?\}|([A-Za-z_]\w*))/g;
/** The same where no brace is closed any more: the one above would look for its end from each that is opened. */
const BARE_REFERENCE = /\$(?:(\$)|([A-Za-z_]\w*))/g;

/** A ConfigMap of Kubernetes takes no more. */
const MAX_CHARACTERS = 1_048_576;

/**
 * Replaces environment references in the whole text, comments included, as Agentgateway does before it reads the YAML. An empty
 * variable counts as unset. A variable that is not set and has no default is a problem, never an empty string: an authority or an
 * audience must not vanish. So is a value with a line break, which could add keys to the file, and a text of more than 1 MiB.
 */
export function expandEnvironment(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { text: string; problems: ConfigurationProblem[] } {
  if (text.length > MAX_CHARACTERS)
    return { text, problems: [{ path: "", message: "the file is larger than 1 MiB" }] };
  const problems: ConfigurationProblem[] = [];
  const source = text.replaceAll(SCHEMA_HINT, "#");
  const parts: string[] = [];
  let size = 0;
  let line = 1;
  let at = 0;
  const add = (part: string) => {
    size += part.length;
    if (size <= MAX_CHARACTERS) parts.push(part);
  };
  for (const { index, reference, name, fallback } of references(source)) {
    const before = source.slice(at, index);
    add(before);
    at = index + reference.length;
    line += lineBreaksIn(before);
    const value = name === undefined ? "$" : env[name] || (fallback ?? env[name]);
    if (value === undefined) {
      const message = `environment variable ${name} is not set and has no default`;
      problems.push({ path: "", line, message });
    } else if (/[\r\n]/.test(value)) {
      problems.push({ path: "", line, message: `environment variable ${name} contains a line break` });
    } else {
      add(value);
    }
    line += lineBreaksIn(reference);
    if (size > MAX_CHARACTERS) break;
  }
  add(source.slice(at));
  if (size > MAX_CHARACTERS) {
    problems.push({ path: "", message: "with the values of its variables the file is larger than 1 MiB" });
  }
  return { text: parts.join(""), problems };
}

/** Names of the set variables that a line of the file, as it was before, refers to. */
export function variablesIn(line: string, env: Readonly<Record<string, string | undefined>>): string[] {
  const names = [...references(line)].flatMap(({ name }) => name ?? []);
  return [...new Set(names)].filter((name) => env[name]);
}

/** Without a name it is `$$`. */
function* references(text: string) {
  const closedUntil = text.lastIndexOf("}") + 1;
  let at = 0;
  for (const match of text.slice(0, closedUntil).matchAll(REFERENCE)) {
    const [reference, , braced, fallback, bare] = match;
    at = match.index + reference.length;
    yield { index: match.index, reference, name: braced ?? bare, fallback };
  }
  at = Math.max(at, closedUntil);
  for (const match of text.slice(at).matchAll(BARE_REFERENCE)) {
    const [reference, , name] = match;
    yield { index: at + match.index, reference, name, fallback: undefined };
  }
}

function lineBreaksIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
