import { visibleText } from "protocol-trace/redact";

/** One problem of the configuration. */
export interface ConfigProblem {
  /** Variable or flag, as the user wrote it: `PORT`, `--port`. */
  readonly name: string;
  /** The problem and the expected value. Never the value of a secret setting. */
  readonly message: string;
}

/**
 * The configuration is invalid. Lists all problems, so that one edit can fix them. `runService`
 * prints them and exits with status 2.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "invalid_configuration";
  readonly service: string;
  readonly problems: readonly ConfigProblem[];

  constructor(service: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ name, message }) => visibleText(`  ${name}: ${message}`));
    super(
      [
        `${service} cannot start: ${problems.length === 1 ? "one setting is" : `${problems.length} settings are`} wrong`,
        ...lines,
      ].join("\n"),
    );
    this.service = service;
    this.problems = problems;
  }
}

/** `--help` was asked for. Not a failure: `runService` prints `text` and exits with status 0. */
export class HelpRequested extends Error {
  override readonly name = "HelpRequested";
  readonly code = "help_requested";
  readonly text: string;

  constructor(text: string) {
    super("help requested");
    this.text = text;
  }
}
