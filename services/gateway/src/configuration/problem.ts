/** One thing the gateway refuses in its file, with the place to look at. */
export interface ConfigurationProblem {
  /**
   * JSON path from the root: `binds[0].listeners[0].routes[0].policies.jwtAuth`; empty for the file
   * as a whole.
   */
  readonly path: string;
  /**
   * 1-based line in the file; absent when the place has none (a key that is missing at the root).
   */
  readonly line?: number;
  readonly message: string;
}

/**
 * The configuration cannot be used. Carries every problem found, so that one edit cures them all.
 */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "invalid_gateway_configuration";
  readonly problems: readonly ConfigurationProblem[];

  /** @param source file name, or `inline` */
  constructor(source: string, problems: readonly ConfigurationProblem[]) {
    super(
      problems
        .map(({ path, line, message }) => {
          return `${source}${line === undefined ? "" : `:${line}`} ${path || "(root)"}: ${message}`;
        })
        .join("\n"),
    );
    this.problems = problems;
  }
}

/** What the real gateway takes and this one does not. */
export function notEmulated(what: string): string {
  return `${what}: supported by Agentgateway, not by the embedded gateway; use docker compose`;
}

/** `["binds", 0, "port"]` -> `binds[0].port`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`))
    .join("");
}
