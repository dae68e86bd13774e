import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PARENT_PID_VARIABLE } from "agent-kit/watch-parent";
import type { ServiceDescription } from "./describe-stack.ts";
import { REPOSITORY_ROOT } from "./stack.ts";

/** A started service of the stack, in a separate process or in the runner's. */
export interface StartedService {
  readonly name: string;
  /** Its own process, or the runner's. Undefined if none could be started. */
  readonly pid: number | undefined;
  /**
   * Resolves when it has ended and its output is read to the end, with the end of a sentence about
   * it.
   */
  readonly ended: Promise<string>;
  /** The last lines that it printed, at most 15, oldest first. */
  readonly lastLines: readonly string[];
  /** Resolves true once it serves, false when it ends or `signal` is aborted before that. */
  isReady(signal: AbortSignal): Promise<boolean>;
  /** Stops it, by force after `limitMs`. True if force was needed. */
  stop(limitMs: number): Promise<boolean>;
  /** Ends it immediately, where that is possible. */
  kill(): void;
}

const REMEMBERED_LINES = 15;
const HEALTH_POLL_MS = 50;
const HEALTH_ANSWER_LIMIT_MS = 2000;

/** Environment that a process inherits, and the receiver of its lines. */
export interface ProcessOutput {
  readonly baseEnv: NodeJS.ProcessEnv;
  readonly onLine: (line: string) => void;
}

/** One service of the stack as a separate process. */
export class ServiceProcess implements StartedService {
  readonly name: string;
  readonly ended: Promise<string>;
  readonly #description: ServiceDescription;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  #hasEnded = false;
  #wasKilled = false;

  constructor(description: ServiceDescription, options: ProcessOutput) {
    this.name = description.name;
    this.#description = description;
    this.#child = spawn(process.execPath, description.args, {
      cwd: REPOSITORY_ROOT,
      env: { ...options.baseEnv, ...description.env, [PARENT_PID_VARIABLE]: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe"],
      // A separate process group, because Ctrl-C in a terminal reaches every process of a group at
      // once and the runner stops services in order.
      detached: true,
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => {
        remember(this.#lastLines, line);
        options.onLine(line);
      });
    }
    // Its own children would keep its port and its output open.
    this.#child.once("exit", () => this.#killGroup());
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#hasEnded = true;
        resolve(how);
      };
      this.#child.once("error", (error) => {
        remember(this.#lastLines, error.message);
        end("could not be started");
      });
      this.#child.once("close", (status, signal) =>
        end(signal === null ? `stopped by itself with exit code ${status}` : `was ended by ${signal}`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** It serves once its health URL answers. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    while (!this.#hasEnded && !signal.aborted) {
      if (await answersWell(this.#description, signal)) return !this.#hasEnded;
      await new Promise((resolve) => setTimeout(resolve, HEALTH_POLL_MS));
    }
    return false;
  }

  /** Kills it with all child processes. */
  async stop(limitMs: number): Promise<boolean> {
    if (this.#hasEnded) return false;
    this.#child.kill("SIGTERM");
    const limit = setTimeout(() => this.kill(), limitMs);
    await this.ended;
    clearTimeout(limit);
    return this.#wasKilled;
  }

  /** Ends the process group at once. */
  kill(): void {
    if (this.#hasEnded) return;
    this.#wasKilled = true;
    this.#killGroup();
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // The group has ended.
    }
  }
}

/** Keeps a service's last lines, for the message about its end. */
export function remember(lastLines: string[], line: string): void {
  lastLines.push(line);
  if (lastLines.length > REMEMBERED_LINES) lastLines.shift();
}

async function answersWell(
  { healthUrl, healthStatus }: Pick<ServiceDescription, "healthUrl" | "healthStatus">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const reply = await fetch(healthUrl, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_ANSWER_LIMIT_MS)]),
    });
    await reply.body?.cancel();
    return healthStatus === undefined ? reply.ok : reply.status === healthStatus;
  } catch {
    return false;
  }
}
