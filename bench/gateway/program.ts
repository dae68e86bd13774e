import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { LIBSODIUM_FLAG } from "../../scripts/demo/stack.ts";
import { type Core, onCore } from "../cores.ts";
import { withLibsodium } from "../libsodium.ts";
import type { Usage } from "./usage.ts";

const READY_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;
const REPORTER = new URL("./report-usage.ts", import.meta.url);

/** A program of this repository as a process of its own, running as it does in the demo. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
  }

  /**
   * Resolves when `port` accepts connections.
   *
   * @param options.output file for its standard output; unset throws it away
   * @param options.core unset: where this process runs
   */
  static async start(
    script: URL,
    options: {
      port: number;
      args?: readonly string[];
      env?: Readonly<Record<string, string>>;
      output?: string;
      nodeFlags?: readonly string[];
      core?: Core;
    },
  ): Promise<Program> {
    const name = script.pathname.split("/").slice(-3).join("/");
    const output = options.output === undefined ? undefined : openSync(options.output, "w");
    const nodeFlags = [
      ...(withLibsodium ? [LIBSODIUM_FLAG] : []),
      ...(options.nodeFlags ?? []),
      "--import",
      REPORTER.href,
    ];
    const [execPath, execArgv] = options.core
      ? onCore(options.core, process.execPath, nodeFlags)
      : [process.execPath, nodeFlags];
    const child = fork(fileURLToPath(script), options.args ?? [], {
      execPath,
      execArgv,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
      stdio: ["ignore", output ?? "ignore", "inherit", "ipc"],
    });
    if (output !== undefined) closeSync(output);
    const program = new Program(name, child);
    try {
      await portOpens(options.port, () => child.exitCode === null);
    } catch (error) {
      await program.stop();
      throw new Error(`${name} did not start`, { cause: error });
    }
    return program;
  }

  /** One question at a time. */
  async usage(): Promise<Usage> {
    if (!this.#child.connected) throw new Error(`${this.#name} has ended`);
    const signal = AbortSignal.timeout(READY_LIMIT_MS);
    const answer = once(this.#child, "message", { signal });
    this.#child.send("usage");
    return (await answer)[0] as Usage;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }
}

/** Resolves when `port` of 127.0.0.1 accepts a connection; rejects when `isRunning` says no, or after a while. */
export async function portOpens(port: number, isRunning: () => boolean): Promise<void> {
  const end = performance.now() + READY_LIMIT_MS;
  while (isRunning() && performance.now() < end) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("close", () => resolve(false));
      socket.once("connect", () => socket.end());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`port ${port} did not open`);
}
