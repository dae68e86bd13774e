/** One thing the gateway refuses in its file, with the place to look at. */
export interface ConfigurationProblem {
  /** JSON path from the root: `binds[0].listeners[0].routes[0].policies.jwtAuth`; empty for the file as a whole. */
  readonly path: string;
  /** 1-based line in the file; absent when the place has none (a key that is missing at the root). */
  readonly line?: number;
  readonly message: string;
}

/** The configuration cannot be used. Carries every problem found, so that one edit cures them all. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "invalid_gateway_configuration";
  /** File name, or `inline`. */
  readonly source: string;
  readonly problems: readonly ConfigurationProblem[];

  constructor(source: string, problems: readonly ConfigurationProblem[]) {
    super(problems.map((problem) => describeProblem(source, problem)).join("\n"));
    this.source = source;
    this.problems = problems;
  }
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
