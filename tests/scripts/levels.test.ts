import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { runProgram } from "../../scripts/run-program.ts";

type Answer = (scheme: string) => [status: number, headers?: Record<string, string>];

async function listen(answer: Answer): Promise<number> {
  const server = createServer((request, response) => {
    const [status, headers = {}] = answer(schemeOf(request));
    response.writeHead(status, headers).end("authorization failed");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const levels = (...args: string[]) =>
  runProgram(process.execPath, ["scripts/levels.ts", ...args], { output: "caught" });

/** Shows the levels of a resource with the given answers. */
const levelsOf = async (answer: Answer) =>
  levels("--resource", `http://agent.localhost:${await listen(answer)}`);

const schemeOf = ({ headers }: IncomingMessage) =>
  /scheme=(\w+)/.exec(String(headers["signature-key"]))?.[1] ?? "";

test.each([
  [
    "wants to know who asks",
    () => [401, { "agent-auth": "httpsig; identity=?1" }],
    /requires an identified caller/,
  ],
  ["refuses every caller", () => [403], /gateway's policy refuses the visitor \(status 403\)/],
] as [string, Answer, RegExp][])(
  "a gateway that %s: the mode that is needed is named",
  async (_, answer, reason) => {
    const { status, output } = await levelsOf(answer);
    expect(status).toBe(1);
    expect(output).toMatch(reason);
    expect(output).toContain("This command needs a demo without --policy");
    expect(output).not.toMatch(/\n {4}at /);
  },
);

test("A10: a resource's answer does not control the terminal", async () => {
  const limit = { "retry-after": "1", "agent-auth": "httpsig; x=\u009b2J\u0085" };
  const { output } = await levelsOf((scheme) => (scheme === "hwk" ? [429, limit] : [200]));
  expect(output).toContain("httpsig; x=\\u009b2J");
  expect(output).not.toMatch(/(?!\n)\p{Cc}/u);
});

test("a second visitor in draft -11 hears that its port is taken", async () => {
  const port = String(await listen(() => [200]));
  const { status, output } = await levels("--profile", "draft-11", "--visitor-port", port);
  expect(status).toBe(1);
  expect(output).toMatch(/^listen EADDRINUSE: address already in use 127\.0\.0\.1:\d+: .*\n$/);
});
