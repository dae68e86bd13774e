import { type ChildProcess, spawn } from "node:child_process";
import type { Wire } from "../messages/plan.ts";
import { type Answer, type Exchange, TargetError } from "../suite/target.ts";

/**
 * A verifier that reads messages as JSON lines on stdin and writes a verdict for each on stdout.
 */
export interface VerifierProgram {
  /** @throws TargetError */
  verify(wire: Wire, context: object): Promise<Answer>;
  takeExchanges(): Exchange[];
  close(): void;
}

interface Waiting {
  readonly id: string;
  resolve(line: Record<string, unknown>): void;
  reject(error: TargetError): void;
}

const TIMEOUT_MS = 10_000;
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** @param command for the shell */
export function startVerifier(command: string, { timeoutMs = TIMEOUT_MS } = {}): VerifierProgram {
  let child: ChildProcess | undefined;
  let waiting: Waiting | undefined;
  let count = 0;
  let exchanges: Exchange[] = [];

  const giveUp = (reason: string) => {
    waiting?.reject(new TargetError(reason));
    waiting = undefined;
    const ended = child;
    child = undefined;
    ended?.kill();
  };
  const start = (): ChildProcess => {
    const own = spawn(command, { shell: true, stdio: ["pipe", "pipe", "inherit"] });
    let buffered = "";
    own.stdout.setEncoding("utf8").on("data", (text: string) => {
      buffered += text;
      const lines = buffered.split("\n");
      buffered = lines.pop()!;
      for (const line of lines) read(line);
      if (buffered.length > MAX_LINE_CHARACTERS) giveUp("the program wrote a line of more than 1 MiB");
    });
    // A program that ends early breaks the pipe; its end says why.
    own.stdin.on("error", () => {});
    own.on("error", (error) => giveUp(`the program cannot be started: ${error.message}`));
    own.on("exit", (status) => {
      if (child === own) giveUp(`the program ended with status ${status}`);
    });
    return own;
  };
  const read = (line: string) => {
    if (line.trim() === "" || waiting === undefined) return;
    try {
      const value = JSON.parse(line) as Record<string, unknown>;
      if (value.id !== waiting.id)
        return giveUp(`the program answered ${JSON.stringify(value.id)}, not the message`);
      waiting.resolve(value);
      waiting = undefined;
    } catch {
      giveUp("the program wrote a line that is no JSON");
    }
  };
  return {
    async verify(wire, context) {
      child ??= start();
      count += 1;
      const id = String(count);
      const { method, authority, target, fields, body = null } = wire;
      const at = Date.now();
      const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
      waiting = { id, resolve, reject };
      const timer = setTimeout(() => giveUp(`there is no verdict within ${timeoutMs} ms`), timeoutMs);
      child.stdin!.write(
        `${JSON.stringify({ id, method, authority, target, headers: fields, body, ...context })}\n`,
      );
      try {
        const answer = answerOf(await promise);
        exchanges.push({ at, ms: Date.now() - at, direction: "sent", message: wire, answer });
        return answer;
      } catch (error) {
        const problem = (error as Error).message;
        exchanges.push({
          at,
          ms: Date.now() - at,
          direction: "sent",
          message: wire,
          answer: undefined,
          problem,
        });
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    takeExchanges() {
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
    close() {
      const own = child;
      child = undefined;
      own?.stdin?.end();
      own?.kill();
    },
  };
}

/** A verdict as the answer that a server would give. `body` is what the application would get. */
function answerOf({ accept, error, body }: Record<string, unknown>): Answer {
  if (typeof accept !== "boolean") throw new TargetError("the verdict has no boolean accept");
  const text = typeof body === "string" ? body : "";
  if (accept) return { status: 200, fields: {}, body: text };
  const code = typeof error === "string" ? error : undefined;
  // The programs name codes, not fields: what a field would add is not judged.
  const fields = { "accept-signature-scheme": "jwt", "signature-error": "required_input=(" };
  return { status: 401, fields, body: text, code };
}
