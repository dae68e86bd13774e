/**
 * Every port of every service, including admin and page ports, ends callers that do not finish
 * their request.
 */

import { readdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeStack, type NeededPort } from "../../scripts/demo/describe-stack.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

/** A head has 10 s, a request 15 s; deadlines are checked every second, on a busy machine. */
const HEAD_BOUND_MS = 14_000;
const REQUEST_BOUND_MS = 19_000;
const DRIP_MS = 400;
/** Differs from the address of the stack's own services. */
const ATTACKER = "127.0.0.2";

const HEAD = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const ATTACKS: Readonly<Record<string, { start: string; boundMs: number }>> = {
  "a silent connection": { start: "", boundMs: HEAD_BOUND_MS },
  "a dripping head": { start: `${HEAD}X-Long: `, boundMs: HEAD_BOUND_MS },
  "a dripping body": { start: `${HEAD}Content-Length: 60000\r\n\r\n`, boundMs: REQUEST_BOUND_MS },
  "a dripping body without length": {
    start: `${HEAD}Transfer-Encoding: chunked\r\n\r\nea60\r\n`,
    boundMs: REQUEST_BOUND_MS,
  },
};

/** Lifetime of the connection, milliseconds; `undefined` once `boundMs` are over. */
function lifetimeMs(port: number, { start, boundMs }: { start: string; boundMs: number }) {
  return new Promise<number | undefined>((resolve) => {
    const startedAt = performance.now();
    const socket = connect({ port, host: "127.0.0.1", localAddress: ATTACKER });
    const drip = setInterval(() => start !== "" && socket.write(" "), DRIP_MS);
    const end = (lasted: number | undefined) => {
      clearInterval(drip);
      clearTimeout(limit);
      socket.destroy();
      resolve(lasted);
    };
    const limit = setTimeout(() => end(undefined), boundMs);
    socket.on("connect", () => socket.write(start));
    socket.on("error", () => {}).on("close", () => end(performance.now() - startedAt));
    socket.resume();
  });
}

describe("A12: no listener waits long for a request", () => {
  let stack: TestStack;
  let ports: NeededPort[];
  beforeAll(async () => {
    stack = await startStack({ modes: { ui: true, delegate: true } });
    ports = describeStack(stack.ports, stack.modes).flatMap((service) => service.ports);
  });
  afterAll(() => stack?.stop());

  test("A12: each port of the stack ends silent and dripping connections", async () => {
    expect(ports.length).toBeGreaterThanOrEqual(10);
    const outcomes = await Promise.all(
      ports.flatMap(({ port, purpose }) =>
        Object.entries(ATTACKS).map(async ([name, attack]) => ({
          what: `${purpose}: ${name}`,
          lasted: await lifetimeMs(port, attack),
        })),
      ),
    );
    expect(outcomes.filter(({ lasted }) => lasted === undefined).map(({ what }) => what)).toEqual([]);
  });
});

test("A12: programs make listeners only through agent-kit", async () => {
  const found: string[] = [];
  for (const root of ["packages", "services"]) {
    const folder = new URL(`../../${root}/`, import.meta.url);
    for (const name of await readdir(folder)) {
      // A test tool for others, which depends on no package of ours.
      if (name === "aauth-conformance") continue;
      const sources = new URL(`${name}/src/`, folder);
      for (const file of await readdir(sources, { recursive: true })) {
        if (!file.endsWith(".ts")) continue;
        const text = await readFile(new URL(file, sources), "utf8");
        if (/\b(?:createServer|createSecureServer|Fastify)\(/.test(text))
          found.push(`${root}/${name}/src/${file}`);
      }
    }
  }
  expect(found.sort()).toEqual([
    "packages/agent-kit/src/service/http/bounded-server.ts",
    "packages/agent-kit/src/service/http/create-service.ts",
    // Binds a port to see why it is not free, and closes it.
    "packages/agent-kit/src/service/run/time-wait.ts",
  ]);
});
