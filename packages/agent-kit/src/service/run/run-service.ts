import { ConfigError, HelpRequested } from "../config/config-error.ts";
import { redactText } from "../log/redaction.ts";
import { visibleLines } from "../log/visible-text.ts";
import { watchParent } from "./watch-parent.ts";

/** A service that listens. */
export interface RunningService {
  /** Where it can be reached, for the ready line. */
  readonly url: string;
  /** What else the ready line has to name, for example an identifier that differs from the address. Default: nothing. */
  readonly detail?: string;
  /** Stops listening and lets go of everything. */
  close(): Promise<unknown> | unknown;
}

/** Exit status of a service by cause. A stop that was asked for is a success. */
export const EXIT_STATUS = { stopped: 0, failed: 1, configuration: 2 } as const;

/**
 * A signal this soon after the first is the first once more: Ctrl-C reaches the whole process group, and npm or a runner above passes
 * it on as well.
 */
const SAME_SIGNAL_MS = 500;

/** A service that has not closed after this long is ended. */
const STOP_LIMIT_MS = 3000;

/**
 * Runs a service from start to exit. The only place that ends the process.
 *
 * - prints `<name> ready on <url>`, and the detail if there is one, once `start` has resolved
 * - SIGINT, SIGTERM, SIGHUP or the parent's death: closes in order, exits 0; a second signal ends it at once with 1
 * - ConfigError: every problem on standard error, exits 2; `--help`: the table on standard output, exits 0
 * - taken port, no such address, failed start, uncaught error: one clear message, redacted, exits 1
 *
 * @example
 * await runService({ name: "backend", start: async () => {
 *   const config = loadConfig({ service: "backend", settings, env: process.env, argv: process.argv.slice(2) });
 *   const { app } = await buildBackend(config);
 *   return listenOn(app, config);
 * } });
 */
export async function runService(options: {
  name: string;
  start: () => Promise<RunningService>;
}): Promise<void> {
  const { name, start } = options;
  let running: RunningService | undefined;
  let stoppingSince: number | undefined;

  const stop = async (status: number) => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
      process.exit(EXIT_STATUS.failed);
    }
    stoppingSince = performance.now();
    setTimeout(() => {
      process.stderr.write(`${name} did not stop within ${STOP_LIMIT_MS} ms and was ended\n`);
      process.exit(EXIT_STATUS.failed);
    }, STOP_LIMIT_MS);
    try {
      await running?.close();
    } catch (error) {
      process.stderr.write(`${name} could not stop cleanly: ${describe(error)}\n`);
      process.exit(EXIT_STATUS.failed);
    }
    process.exit(status);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => void stop(EXIT_STATUS.stopped));
  watchParent(() => void stop(EXIT_STATUS.stopped));
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      process.stderr.write(`${name} stopped by an unexpected error: ${describe(error)}\n`);
      process.exit(EXIT_STATUS.failed);
    });
  }

  try {
    running = await start();
  } catch (error) {
    process.exit(reportFailedStart(name, error));
  }
  // A signal during the start has found nothing to close and has ended the process already.
  const { url, detail } = running;
  process.stdout.write(`${name} ready on ${url}${detail === undefined ? "" : `, ${detail}`}\n`);
}

function reportFailedStart(name: string, error: unknown): number {
  if (error instanceof HelpRequested) {
    process.stdout.write(`${error.text}\n`);
    return EXIT_STATUS.stopped;
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${redactText(error.message)}\n`);
    return EXIT_STATUS.configuration;
  }
  const { code, address, hostname, port } = error as ListenError;
  if (code === "EADDRINUSE") {
    process.stderr.write(`${name} cannot start: port ${port} on ${address} is taken by another process\n`);
  } else if (code === "EACCES" && port !== undefined) {
    process.stderr.write(`${name} cannot start: not allowed to listen on port ${port}\n`);
  } else if (code !== undefined && NO_ADDRESS_HERE.has(code)) {
    const named = redactText(String(address ?? hostname));
    process.stderr.write(`${name} cannot start: ${named} is no address of this machine to listen on\n`);
  } else {
    process.stderr.write(`${name} cannot start: ${describe(error)}\n`);
  }
  return EXIT_STATUS.failed;
}

type ListenError = NodeJS.ErrnoException & { address?: string; hostname?: string; port?: number };

/** A name that nobody knows, or an address of another machine or of a family that is switched off. */
const NO_ADDRESS_HERE: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
]);

function describe(error: unknown): string {
  return visibleLines(redactText(error instanceof Error ? (error.stack ?? error.message) : String(error)));
}
