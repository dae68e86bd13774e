import { redactText, visibleLines } from "protocol-trace/redact";
import { ConfigError, HelpRequested } from "../config/config-error.ts";
import { installLocalhostLookup } from "../http/localhost-lookup.ts";
import { type StartTelemetry, startNodeSdk } from "../telemetry/start-telemetry.ts";
import { watchParent } from "./watch-parent.ts";

/** A service that listens. */
export interface RunningService {
  /** Its address, for the ready line. */
  readonly url: string;
  /**
   * Additional text of the ready line, for example an identifier that differs from the address.
   * Default: none.
   */
  readonly detail?: string;
  /** Stops listening and releases all resources. */
  close(): Promise<unknown> | unknown;
}

/** Options for starting a service, which reads nothing else of its process. */
export interface StartOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The arguments after the script's name. */
  readonly argv: readonly string[];
  /** Receives its log, in whole lines. */
  readonly output: { write(text: string): unknown };
  /** Starts its telemetry: `startNodeSdk` in its own process, `startTelemetry` in a shared one. */
  readonly startTelemetry: StartTelemetry;
}

/**
 * Starts a service; resolves when it listens. It sets no global and never exits, so that several
 * services can share a process.
 */
export type StartService = (options: StartOptions) => Promise<RunningService>;

/** Exit status of a service by cause. A requested stop is a success. */
export const EXIT_STATUS = { stopped: 0, failed: 1, configuration: 2 } as const;

/**
 * A signal this soon after the first is the same request: Ctrl-C reaches the whole process group,
 * and npm or a runner above passes it on as well.
 */
const SAME_SIGNAL_MS = 500;

/** A service that has not closed after this time is terminated. */
const STOP_LIMIT_MS = 3000;

/**
 * Runs a service as a program, from start to exit. The only place that ends the process.
 *
 * - prints `<name> ready on <url>`, and the detail if there is one, once `start` has resolved
 * - SIGINT, SIGTERM, SIGHUP or the parent's death: closes in order, exits 0; a second signal ends
 *   it at once with 1
 * - ConfigError: every problem on standard error, exits 2; `--help`: the table on standard output,
 *   exits 0
 * - taken port, no such address, failed start, uncaught error: one clear message, redacted, exits 1
 *
 * @example
 * await runService({ name: "backend", start });
 */
export async function runService(options: { name: string; start: StartService }): Promise<void> {
  const { name, start } = options;
  let running: RunningService | undefined;
  let stoppingSince: number | undefined;

  const stop = async () => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
      process.exit(EXIT_STATUS.failed);
    }
    stoppingSince = performance.now();
    setTimeout(() => {
      fail(`${name} did not stop within ${STOP_LIMIT_MS} ms and was ended`);
    }, STOP_LIMIT_MS);
    try {
      await running?.close();
    } catch (error) {
      fail(`${name} could not stop cleanly: ${describeError(error)}`);
    }
    process.exit(EXIT_STATUS.stopped);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop());
  watchParent(() => void stop());
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) =>
      fail(`${name} stopped by an unexpected error: ${describeError(error)}`),
    );
  }

  try {
    installLocalhostLookup();
    const { env, argv, stdout: output } = process;
    running = await start({ env, argv: argv.slice(2), output, startTelemetry: startNodeSdk });
  } catch (error) {
    if (error instanceof HelpRequested) {
      process.stdout.write(`${error.text}\n`);
      process.exit(EXIT_STATUS.stopped);
    }
    fail(
      failedStart(name, error),
      error instanceof ConfigError ? EXIT_STATUS.configuration : EXIT_STATUS.failed,
    );
  }
  // A signal during the start has already ended the process.
  process.stdout.write(`${readyLine(name, running)}\n`);
}

/** The line that reports a service as ready. */
export function readyLine(name: string, { url, detail }: RunningService): string {
  return `${name} ready on ${url}${detail === undefined ? "" : `, ${detail}`}`;
}

/** Reason why a service could not start, redacted: one line, or several for a configuration. */
export function failedStart(name: string, error: unknown): string {
  if (error instanceof ConfigError) return redactText(error.message);
  const { syscall, message } = (error ?? {}) as NodeJS.ErrnoException;
  // The system's message contains the address: `listen EADDRINUSE: address already in use
  // 127.0.0.1:8000`.
  const isListening = syscall === "listen" || syscall === "getaddrinfo";
  return `${name} cannot start: ${isListening ? redactText(message) : describeError(error)}`;
}

/** An unexpected error with its stack, redacted, for a terminal. */
export function describeError(error: unknown): string {
  return visibleLines(redactText(error instanceof Error ? (error.stack ?? error.message) : String(error)));
}

function fail(message: string, status: number = EXIT_STATUS.failed): never {
  process.stderr.write(`${message}\n`);
  process.exit(status);
}
