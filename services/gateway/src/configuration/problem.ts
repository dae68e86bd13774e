/** An error in the gateway's file, with its location. */
export interface ConfigurationProblem {
  /**
   * JSON path from the root, such as `binds[0].listeners[0].routes[0].policies.jwtAuth`; empty for
   * the whole file.
   */
  readonly path: string;
  /** 1-based line in the file; absent if there is none, as for a key missing at the root. */
  readonly line?: number;
  readonly message: string;
}

/**
 * The configuration is invalid. Contains every problem found, so that they can be fixed in one
 * edit.
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

/** Message for a feature of the real gateway that this one does not emulate. */
export function notEmulated(what: string): string {
  return `${what}: supported by Agentgateway, not by the embedded gateway; use docker compose`;
}

/** `["binds", 0, "port"]` -> `binds[0].port`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`))
    .join("");
}
