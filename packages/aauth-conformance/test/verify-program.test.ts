import { describe, expect, test } from "vitest";
import { runCommand } from "../src/command.ts";

const node = (code: string) => `"${process.execPath}" -e '${code}'`;
const LINES = 'require("readline").createInterface({ input: process.stdin }).on("line", (line) =>';

async function judged(command: string) {
  const lines: string[] = [];
  const only = ["HS-2-01", "HS-3.2-06"].flatMap((id) => ["--only", id]);
  const args = ["verify", "--profile", "rfc9421", "--exec", command, "--timeout", "5", ...only];
  const status = await runCommand(args, (line) => lines.push(line));
  return { status, text: lines.join("\n") };
}

describe("a verifier program", () => {
  test("that accepts everything fails each refusal", async () => {
    const all = node(`${LINES} console.log(JSON.stringify({ id: JSON.parse(line).id, accept: true })))`);
    const { status, text } = await judged(all);
    expect(status).toBe(1);
    expect(text).toMatch(/FAIL {2}HS-3\.2-06/);
    expect(text).not.toMatch(/HS-2-01/);
  });

  test("that refuses everything proves nothing", async () => {
    const none = node(`${LINES} console.log(JSON.stringify({ id: JSON.parse(line).id, accept: false })))`);
    const { text } = await judged(none);
    expect(text).toMatch(/FAIL {2}HS-2-01/);
    expect(text).toMatch(/\?\? {4}HS-3\.2-06/);
  });

  test("that refuses and yet hands out the body fails", async () => {
    // The last of three messages is the one to refuse.
    const leaky = node(
      `let count = 0; ${LINES} { const { id, body } = JSON.parse(line); count += 1; console.log(JSON.stringify({ id, body, accept: count < 3 })) })`,
    );
    const { status, text } = await judged(leaky);
    expect(status).toBe(1);
    expect(text).toMatch(/FAIL {2}HS-3\.2-06[\s\S]*it was served, although the status is 401/);
  });

  test.each([
    ["ends", node("process.exit(3)"), /the program ended with status 3/],
    ["writes no JSON", node(`${LINES} console.log("yes"))`), /a line that is no JSON/],
    ["answers another message", node(`${LINES} console.log("{}"))`), /answered undefined, not the message/],
    ["has no verdict", node(`${LINES} console.log(line))`), /no boolean accept/],
    ["does not exist", "/nowhere/at-all", /the program ended with status 127/],
  ])("that %s ends in a verdict", async (_, command, reason) => {
    const { status, text } = await judged(command);
    expect(status).toBe(1);
    expect(text).toMatch(reason);
  });
});
