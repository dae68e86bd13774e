import { type ChildProcess, spawn } from "node:child_process";
import type { Message } from "../judge/message.ts";
import { type Answer, createLog, type Log, TargetError } from "./target.ts";

/** A program under test that reads JSON lines on stdin and answers each with a line on stdout. */
export interface Program extends Log {
  /**
   * Sends a line, and records its message with the answer.
   *
   * @param read the answer that a line stands for
   * @throws TargetError
   */
  ask(message: Message, line: object, read: (line: Line) => Answer): Promise<Answer>;
  close(): void;
}

export type Line = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly id: string;
  resolve(line: Line): void;
  reject(error: TargetError): void;
}

const TIMEOUT_MS = 10_000;
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** @param command for the shell */
export function startProgram(command: string, timeoutMs = TIMEOUT_MS): Program {
  let child: ChildProcess | undefined;
  let waiting: Waiting | undefined;
  let count = 0;
  const log = createLog();

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
      const value = JSON.parse(line) as Line;
      if (value.id !== waiting.id)
        return giveUp(`the program answered ${JSON.stringify(value.id)}, not the message`);
      waiting.resolve(value);
      waiting = undefined;
    } catch {
      giveUp("the program wrote a line that is no JSON");
    }
  };
  return {
    ...log,
    async ask(message, line, readAnswer) {
      child ??= start();
      count += 1;
      const id = String(count);
      const { promise, resolve, reject } = Promise.withResolvers<Line>();
      waiting = { id, resolve, reject };
      const timer = setTimeout(() => giveUp(`there is no answer within ${timeoutMs} ms`), timeoutMs);
      child.stdin!.write(`${JSON.stringify({ id, ...line })}\n`);
      try {
        return await log.recording(message, async () => readAnswer(await promise));
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      const own = child;
      child = undefined;
      own?.stdin?.end();
      own?.kill();
    },
  };
}
