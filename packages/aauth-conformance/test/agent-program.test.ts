import { describe, expect, test } from "vitest";
import { runCommand } from "../src/command.ts";

const LINES = 'require("readline").createInterface({ input: process.stdin }).on("line", async (line) =>';
const node = (code: string) =>
  `"${process.execPath}" -e '${LINES} { const own = JSON.parse(line); ${code} })'`;
const reply = (members: string) => `console.log(JSON.stringify({ id: own.id, ${members} }))`;
/** Calls the resource without a signature, and reports its status. */
const UNSIGNED = `require("http").get({ ...require("url").urlToHttpOptions(new URL(own.address)), headers: { host: new URL(own.url).host } }, (answer) => { answer.resume(); ${reply("status: answer.statusCode")}; })`;

async function judged(command: string) {
  const lines: string[] = [];
  const only = ["AG-11.3.3-01", "AG-6.7.3-02"].flatMap((id) => ["--only", id]);
  const args = ["agent", "--command", command, "--timeout", "5", ...only];
  const status = await runCommand(args, (line) => lines.push(line));
  return { status, text: lines.join("\n") };
}

describe("an agent program", () => {
  test.each([
    [
      "reports success without a request proves nothing",
      node(reply("status: 200")),
      /no party has answered so/,
    ],
    ["follows no challenge proves nothing", node(UNSIGNED), /a valid call ended with 401/],
    ["reports an error proves nothing", node(reply('error: "no_idea"')), /a valid call ended with 0 no_idea/],
    [
      "answers without an outcome ends in a verdict",
      node(reply("ok: true")),
      /neither a status nor an error/,
    ],
    ["writes no JSON ends in a verdict", node('console.log("yes")'), /a line that is no JSON/],
    ["ends early ends in a verdict", node("process.exit(3)"), /the program ended with status 3/],
    ["does not exist ends in a verdict", "/nowhere/at-all", /the program ended with status 127/],
  ])("that %s", async (_, command, reason) => {
    const { status, text } = await judged(command);
    expect(status).toBe(1);
    expect(text).toMatch(reason);
    expect(text).not.toMatch(/ {3}at /);
  });
});
