import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { installLocalhostLookup } from "agent-kit/service";
import type { Progress } from "backend-api";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

/**
 * Handler of a proxy between two parties, which forwards requests unless a test answers a path
 * itself.
 */
type Lie = (request: IncomingMessage, response: ServerResponse) => boolean;

async function startBetween(target: () => string) {
  let lie: Lie = () => false;
  const server = createServer((incoming, response) => {
    if (lie(incoming, response)) return;
    const { method, url: path, headers } = incoming;
    const { hostname, port } = new URL(target());
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies: (now: Lie) => {
      lie = now;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const on =
  (path: RegExp, answer: (response: ServerResponse) => void): Lie =>
  ({ url = "" }, response) => {
    if (!path.test(url)) return false;
    answer(response);
    return true;
  };
const silent = () => {};
const broken = (response: ServerResponse) => response.destroy();
const says =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };

const PERSON_TOKEN = /^\/aauth\/person$/;
const ACCESS_TOKEN = /^\/aauth\/access\/token$/;
const TASK = /^\/$/;

// packages/aauth/test/draft-11/agent-hostile.test.ts and
// packages/aauth/test/server/federation.test.ts test each answer of a party.
describe("a party that is slow, breaks off or lies ends the run, with hop, code and section", () => {
  let stack: TestStack;
  let user: ApiUser;
  const targets = { personServer: "", accessServer: "", resource: "" };
  const between = {} as Record<keyof typeof targets, Awaited<ReturnType<typeof startBetween>>>;

  beforeAll(async () => {
    for (const name of Object.keys(targets) as (keyof typeof targets)[])
      between[name] = await startBetween(() => targets[name]);
    stack = await startStack({
      modes: { profile: "draft-11", mode: "federated" },
      env(urls) {
        const at = (url: string) => `http://127.0.0.1:${new URL(url).port}`;
        targets.personServer = at(urls.personServer);
        targets.accessServer = at(urls.personServer);
        targets.resource = at(urls.gateway);
        const browser = (url: string, page = url) => `${url},${page}`;
        const table = (over: Record<string, string>) =>
          Object.entries({
            "backend.localhost": browser(at(urls.backend), urls.backend),
            "supply-chain-agent.localhost": browser(at(urls.gateway), urls.supplyChainAgent),
            "market-analysis-agent.localhost": browser(at(urls.gateway), urls.marketAnalysisAgent),
            "person-server.localhost": browser(at(urls.personServer), urls.personServer),
            "access-server.localhost": browser(at(urls.personServer), urls.personServer),
            ...over,
          })
            .map(([name, address]) => `https://${name}=${address}`)
            .join(" ");
        return {
          "person-server": {
            AAUTH_ENDPOINTS: table({
              "access-server.localhost": browser(between.accessServer.address, urls.personServer),
            }),
          },
          backend: {
            SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS: "15",
            AAUTH_ENDPOINTS: table({
              "person-server.localhost": browser(between.personServer.address, urls.personServer),
              "supply-chain-agent.localhost": browser(between.resource.address, urls.supplyChainAgent),
            }),
          },
        };
      },
    });
    user = await signIn(stack);
    // All parties run, and the person has consented.
    expect((await decideAtPages(user, await user.run())).end.status).toBe("completed");
  });
  afterEach(() => Object.values(between).forEach(({ lies }) => void lies(() => false)));
  afterAll(async () => {
    await stack?.stop();
    for (const { close } of Object.values(between)) close();
  });

  test.each([
    ["a person server that does not answer", "personServer", on(PERSON_TOKEN, silent), "timeout"],
    ["a person server that breaks off", "personServer", on(PERSON_TOKEN, broken), "connection_broken"],
    ["an access server that breaks off", "accessServer", on(ACCESS_TOKEN, broken), "as_unreachable"],
    [
      "an access server that refuses",
      "accessServer",
      on(ACCESS_TOKEN, says(403, { error: "denied" })),
      "denied",
    ],
  ] as const)("%s", async (_what, party, lie, code) => {
    between[party].lies(lie);
    await expectEnd({ hop: "person-server", code });
  });

  test.each([
    ["does not answer", on(TASK, silent), "timeout", undefined],
    [
      "demands the same again and again",
      on(TASK, says(401, {}, { "aauth-requirement": "requirement=person-token" })),
      "challenge_repeated",
      "draft",
    ],
  ] as const)("a resource that %s", async (_what, lie, code, section) => {
    between.resource.lies(lie);
    await expectEnd({ hop: "supply-chain-agent", code, hasSection: section !== undefined });
  });

  test("and afterwards runs succeed, also several in one second", async () => {
    const runs = await Promise.all([user.run(), user.run(), user.run()]);
    const ends = await Promise.all(runs.map((run) => decideAtPages(user, run)));
    expect(ends.map(({ end }) => end.status)).toEqual(Array(3).fill("completed"));
  });

  async function expectEnd(expected: { hop: string; code: string; hasSection?: boolean }): Promise<void> {
    const { hop, code, hasSection = true } = expected;
    const { end } = await decideAtPages(user, await user.run());
    const { failure } = end as Progress;
    expect({ status: end.status, hop: failure?.hop, code: failure?.code, section: failure?.section }).toEqual(
      {
        status: "failed",
        hop,
        code,
        section: hasSection ? expect.stringMatching(/^draft -11, section \d/) : undefined,
      },
    );
  }
});
