import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { AAuthError } from "aauth";
import { installLocalhostLookup } from "agent-kit/service";
import { expect, onTestFinished, test } from "vitest";
import { showLevels, UnexpectedAnswer } from "../../scripts/levels/show-levels.ts";
import { startVisitor } from "../../scripts/levels/visitor.ts";
import { startChild } from "../support/child.ts";

installLocalhostLookup();

/** Shows the levels of a resource with the given answers, and returns the outcome. */
async function levelsOf(
  answer: (scheme: string) => [status: number, headers?: Record<string, string>],
  print: (line: string) => void = () => {},
) {
  const server = createServer((request, response) => {
    const [status, headers = {}] = answer(schemeOf(request));
    response.writeHead(status, headers).end("authorization failed");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const visitor = await startVisitor([]);
  onTestFinished(() => visitor.stop());
  const resource = `http://agent.localhost:${(server.address() as AddressInfo).port}`;
  const options = { resource, visitor, scope: "a", authorizedRequests: 1, print };
  return showLevels(options).catch((error: unknown) => error);
}

const schemeOf = ({ headers }: IncomingMessage) =>
  /scheme=(\w+)/.exec(String(headers["signature-key"]))?.[1] ?? "";
const WANTS_IDENTITY = { "agent-auth": "httpsig; identity=?1" };

test.each([
  // Like config-policy.yaml: its check requires an identity, and its rules name the demo's own
  // agents.
  ["wants to know who asks, and refuses the answer", (scheme: string) => (scheme === "hwk" ? 401 : 403)],
  ["refuses every caller", () => 403],
] as const)("a gateway that %s: its policy is named, and the mode that is needed", async (_, status) => {
  const outcome = await levelsOf((scheme) => [status(scheme), status(scheme) === 401 ? WANTS_IDENTITY : {}]);
  expect(outcome).toBeInstanceOf(UnexpectedAnswer);
  expect((outcome as Error).message).toMatch(
    /gateway's policy refuses the visitor \(status 403\).*--policy.*\n.*needs a demo without --policy.*: npm run demo$/,
  );
});

test("a resource that demands an identity ends the levels with identity_required", async () => {
  const outcome = await levelsOf((scheme) => (scheme === "hwk" ? [401, WANTS_IDENTITY] : [200]));
  expect(outcome).toBeInstanceOf(AAuthError);
  expect(outcome).toMatchObject({ code: "identity_required" });
});

test("A10: a resource's answer does not control the terminal", async () => {
  const lines: string[] = [];
  const limit = { "retry-after": "1", "agent-auth": "httpsig; x=\u009b2J\u0085" };
  await levelsOf(
    (scheme) => (scheme === "hwk" ? [429, limit] : [200]),
    (line) => lines.push(line),
  );
  expect(lines.join("\n")).toContain("httpsig; x=\\u009b2J");
  expect(lines.join("")).not.toMatch(/\p{Cc}/u);
});

test("a second visitor in draft -11 hears that its port is taken", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const args = ["scripts/levels.ts", "--profile", "draft-11", "--visitor-port", String(port)];
  const levels = startChild(process.execPath, args, { env: { PATH: process.env.PATH } });
  expect((await levels.ended).status).toBe(1);
  expect(levels.text()).toMatch(/^listen EADDRINUSE: address already in use 127\.0\.0\.1:\d+: .*\n$/);
});
