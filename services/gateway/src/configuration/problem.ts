/** One thing the gateway refuses in its file, with the place to look at. */
export interface ConfigurationProblem {
  /** JSON path from the root: `binds[0].listeners[0].routes[0].policies.jwtAuth`; empty for the file as a whole. */
  readonly path: string;
  /** 1-based line in the file; absent when the place has none (a key that is missing at the root). */
  readonly line?: number;
  readonly message: string;
}

/** What a person reads before the next try. */
const MAX_PROBLEMS = 20;
const MAX_MESSAGE_CHARACTERS = 500;

/** The configuration cannot be used. Carries every problem found, so that one edit cures them all; of very many the first, and their number. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "invalid_gateway_configuration";
  /** File name, or `inline`. */
  readonly source: string;
  readonly problems: readonly ConfigurationProblem[];

  /** @param complete is asked about those that are carried, and no others */
  constructor(
    source: string,
    problems: readonly ConfigurationProblem[],
    complete: (problem: ConfigurationProblem) => ConfigurationProblem = (problem) => problem,
  ) {
    const carried = problems.slice(0, MAX_PROBLEMS).map((problem) => shortened(complete(problem)));
    const more = problems.length - carried.length;
    if (more > 0)
      carried.push({ path: "", message: `and ${more} more ${more === 1 ? "problem" : "problems"}` });
    super(carried.map((problem) => describeProblem(source, problem)).join("\n"));
    this.source = source;
    this.problems = carried;
  }
}

function shortened({ path, message, ...rest }: ConfigurationProblem): ConfigurationProblem {
  return { ...rest, path: cut(path), message: cut(message) };
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}…` : text;
}

/** What the real gateway takes and this one does not. Said of every such key and value, so that nobody has to guess why. */
export function notEmulated(what: string): string {
  return `${what}: supported by Agentgateway, not by the embedded gateway; use docker compose`;
}

/** `config.yaml:12 binds[0].port: …`. */
export function describeProblem(source: string, { path, line, message }: ConfigurationProblem): string {
  return `${source}${line === undefined ? "" : `:${line}`} ${path === "" ? "(root)" : path}: ${message}`;
}

/** `["binds", 0, "port"]` -> `binds[0].port`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}
