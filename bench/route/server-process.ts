import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { onCore } from "../cores.ts";
import type { ServerAnswer, ServerQuestion } from "./parties.ts";

/** The server of `route.ts` as a process of its own, ready to be asked. One question at a time. */
export class ServerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param issuerKey public JWK of the auth server whose tokens the gate accepts */
  static async start(issuerKey: object): Promise<ServerProcess> {
    const [execPath, execArgv] = onCore("measured", process.execPath, []);
    const child = fork(new URL("./server.ts", import.meta.url), [JSON.stringify(issuerKey)], {
      execPath,
      execArgv,
    });
    const server = new ServerProcess(child);
    await server.#answer();
    return server;
  }

  ask(question: ServerQuestion): Promise<ServerAnswer> {
    this.#child.send(question);
    return this.#answer();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  async #answer(): Promise<ServerAnswer> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const ended = once(this.#child, "exit", { signal }).then(() => {
      throw new Error("the server has ended");
    });
    ended.catch(() => {});
    try {
      const [answer] = await Promise.race([once(this.#child, "message", { signal }), ended]);
      return answer as ServerAnswer;
    } finally {
      waiting.abort();
    }
  }
}
