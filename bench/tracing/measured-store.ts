import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { residentMib } from "../../scripts/demo/memory.ts";
import { portOpens } from "../gateway/program.ts";
import type { Usage } from "../gateway/usage.ts";

const STORE = new URL("../../services/trace-store/src/main.ts", import.meta.url);
const REPORTER = new URL("../gateway/report-usage.ts", import.meta.url);

/** The embedded trace store as a process of its own that can be asked what it uses. */
export class MeasuredStore {
  readonly pid: number;
  /** After a collection. */
  emptyHeapBytes = 0;
  emptyResidentMib = 0;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid!;
  }

  static async start(options: {
    readonly queryPort: number;
    readonly otlpPort: number;
    readonly maxBytes: number;
  }): Promise<MeasuredStore> {
    const child = fork(STORE, [], {
      execArgv: ["--expose-gc", "--import", REPORTER.href],
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: "warn" },
        TRACE_STORE_PORT: String(options.queryPort),
        TRACE_STORE_OTLP_PORT: String(options.otlpPort),
        TRACE_STORE_MAX_BYTES: String(options.maxBytes),
      },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const store = new MeasuredStore(child);
    try {
      await portOpens(options.otlpPort, () => child.exitCode === null);
      store.emptyResidentMib = residentMib(store.pid)!;
      store.emptyHeapBytes = (await store.usage()).heapBytes;
      return store;
    } catch (error) {
      await store.stop();
      throw error;
    }
  }

  /** Collects what is no longer used, then counts. One question at a time. */
  async usage(): Promise<Usage> {
    const answer = once(this.#child, "message");
    this.#child.send("usage");
    return (await answer)[0] as Usage;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
