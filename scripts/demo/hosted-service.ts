import { AsyncLocalStorage } from "node:async_hooks";
import { pathToFileURL } from "node:url";
import {
  describeError,
  failedStart,
  type RunningService,
  readyLine,
  type StartService,
  startTelemetry,
} from "agent-kit/service";
import { aborted } from "./aborted.ts";
import { remember, type StartedService } from "./service-process.ts";
import { REPOSITORY_ROOT } from "./stack.ts";

const current = new AsyncLocalStorage<HostedService>();

/**
 * The service whose code runs, to which an uncaught error belongs. Undefined outside of all
 * services.
 */
export function currentService(): HostedService | undefined {
  return current.getStore();
}

/**
 * One service of the stack in this process, which must have been prepared (`prepareProcess`). It
 * has its own variables, arguments and output, and shares the event loop, memory and process-wide
 * state.
 */
export class HostedService implements StartedService {
  readonly name: string;
  readonly pid = process.pid;
  readonly ended: Promise<string>;
  readonly #started: Promise<RunningService>;
  readonly #lastLines: string[] = [];
  readonly #end: (how: string) => void;
  readonly #killed = Promise.withResolvers<true>();
  readonly #onLine: (line: string) => void;
  #closing: Promise<boolean> | undefined;

  constructor(
    name: string,
    options: {
      /** Exports `start`; a path from the repository's root. */
      module: string;
      argv: readonly string[];
      baseEnv: NodeJS.ProcessEnv;
      env: NodeJS.ProcessEnv;
      onLine: (line: string) => void;
    },
  ) {
    this.name = name;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
    this.#onLine = options.onLine;
    const { module, argv, baseEnv, env } = options;
    const output = { write: (text: string) => this.#print(text) };
    this.#started = current.run(this, async () => {
      const { start } = (await import(pathToFileURL(REPOSITORY_ROOT + module).href)) as {
        start: StartService;
      };
      return start({ env: { ...baseEnv, ...env }, argv, output, startTelemetry });
    });
    this.#started.then(
      (running) => this.#print(readyLine(name, running)),
      (error: unknown) => {
        this.#print(failedStart(name, error));
        this.#end("could not be started");
      },
    );
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  isReady(signal: AbortSignal): Promise<boolean> {
    const isServing = this.#started.then(
      () => true,
      () => false,
    );
    const isGivenUp = Promise.race([this.ended, aborted(signal)]).then(() => false);
    return Promise.race([isServing, isGivenUp]);
  }

  /**
   * Closes it, also after an uncaught error. Code in this process cannot be ended by force: a
   * service that does not close remains until the process ends.
   */
  stop(limitMs: number): Promise<boolean> {
    this.#closing ??= this.#close(limitMs);
    return this.#closing;
  }

  kill(): void {
    this.#killed.resolve(true);
    this.#end("was ended");
  }

  /** Ends the service by an uncaught error. */
  fail(error: unknown): void {
    this.#print(describeError(error));
    this.#end("stopped by an unexpected error");
  }

  async #close(limitMs: number): Promise<boolean> {
    const closed = this.#started.then(
      (running) => current.run(this, async () => running.close()),
      // A service that did not start needs no close.
      () => {},
    );
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<true>((resolve) => {
      limit = setTimeout(() => resolve(true), limitMs);
    });
    const isClosed = closed.then(
      () => false,
      (error: unknown) => {
        this.#print(`${this.name} could not stop cleanly: ${describeError(error)}`);
        return true;
      },
    );
    const isStraggler = await Promise.race([isClosed, late, this.#killed.promise]);
    clearTimeout(limit);
    this.#end("was stopped");
    return isStraggler;
  }

  #print(text: string): void {
    for (const line of text.replace(/\n$/, "").split("\n")) {
      remember(this.#lastLines, line);
      this.#onLine(line);
    }
  }
}
