/** Attacks of other parties on an agent. Each of them succeeded once. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { AgentOptions } from "../../src/agent/index.ts";
import type { StillWaitingError } from "../../src/errors.ts";
import {
  accepted,
  createWorld,
  DATA,
  failureOf,
  INTERMEDIARY,
  OFFERING,
  PARTS,
  problem,
  replaceResourceToken,
  requirement,
  resourceTokenIn,
  type Sent,
} from "./agent-world.ts";
import {
  A_PERSON,
  ANY_AGENT,
  authToken,
  changed,
  keys,
  NOW,
  PERSON_SERVER,
  RESOURCE,
  TO_READ,
} from "./kit.ts";

const isLook = ({ url }: Sent) => url.includes("/pending/");
const NOW_AND_AGAIN = { "retry-after": "0" };

it("a server named by a caller's token cannot make the resource connect to a private address", async () => {
  let connections = 0;
  const internal = createServer().listen(0, "127.0.0.1");
  internal.on("connection", () => connections++);
  await new Promise((resolve) => internal.once("listening", resolve));
  const { port } = internal.address() as AddressInfo;
  const world = createWorld({
    published: {
      [`${PERSON_SERVER}/.well-known/aauth-person.json`]: {
        issuer: PERSON_SERVER,
        jwks_uri: `${PERSON_SERVER}/jwks.json`,
        person_token_endpoint: `https://127.0.0.1:${port}/admin`,
        auth_token_endpoint: `${PERSON_SERVER}/token`,
      },
    },
  });
  const middle = world.agent({
    id: INTERMEDIARY,
    key: keys.resource,
    agentToken: undefined,
    personServer: undefined,
    transport: undefined,
  });
  try {
    const upstreamToken = await authToken();
    const error = await failureOf(middle.fetchFor({ upstreamToken, scope: "data.read" })(`${PARTS}/part`));
    expect([error.code, error.hop]).toEqual(["discovery_blocked", PERSON_SERVER]);
  } finally {
    internal.close();
  }
  expect(connections).toBe(0);
});

it("a question that does not end does not hold the call", async () => {
  const world = createWorld({ requirement: ANY_AGENT });
  world.resource = (request) =>
    isLook(request)
      ? world.usual.resource(request)
      : new Response(new ReadableStream({ start: (it) => it.enqueue(new Uint8Array(1)) }), {
          status: 202,
          headers: { location: "/pending/1", ...NOW_AND_AGAIN, ...requirement("clarification") },
        });
  expect((await world.agent().fetchFor()(DATA)).status).toBe(200);
}, 8_000);

it("limits the pages that one call shows to a person", async () => {
  const world = createWorld();
  let pages = 0;
  world.resource = () => {
    const code = `CODE${String(pages++).padStart(4, "0")}`;
    const page = `interaction; url="https://resource.example/login"; code="${code}"`;
    return accepted({ ...NOW_AND_AGAIN, ...requirement(page) });
  };
  world.server = () => problem(424, "interaction_unavailable");
  const shown: string[] = [];
  const agent = world.agent({ timeouts: { waitingMs: 1_000 } });
  const error = await failureOf<StillWaitingError>(
    agent.fetchFor({ onInteraction: ({ code }) => void shown.push(code) })(DATA),
  );
  expect([error.code, shown.length]).toEqual(["grant_pending", 5]);
  expect(world.asked("/interaction").length).toBe(5);
  // Resuming the call shows no further page.
  const again = agent.resume(error.waiting, { onInteraction: ({ code }) => void shown.push(code) });
  expect((await failureOf(again)).code).toBe("grant_pending");
  expect(shown.length).toBe(5);
});

it("one demand after another, of a resource that holds the request, is not followed to all of them", async () => {
  const world = createWorld();
  let demands = 0;
  world.resource = async (request) => {
    world.requirement = { ...TO_READ, scopes: [`scope.${demands++}`] };
    const answer = await world.usual.resource(request);
    const value = answer.headers.get("aauth-requirement") ?? "";
    if (!value.startsWith("requirement=auth-token")) return answer;
    return accepted({ ...NOW_AND_AGAIN, "aauth-requirement": value });
  };
  const error = await failureOf(world.agent().fetchFor()(DATA));
  expect(error.code).toBe("challenge_repeated");
  expect(world.asked("/token").length).toBe(5);
});

it.each(["3000000", "1e400"])(
  "a wait of %s s, longer than a timer can be, does not make the agent spin",
  async (seconds) => {
    const world = createWorld();
    world.resource = () => accepted({ "retry-after": seconds });
    const { signal, abort } = controlled();
    const agent = world.agent({ timeouts: { waitingMs: Number.POSITIVE_INFINITY } });
    const call = agent.fetchFor({ signal })(DATA);
    await new Promise((resolve) => setTimeout(resolve, 50));
    abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(world.sent.filter(isLook).length).toBe(0);
  },
);

function controlled() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) };
}

it("does not quote malformed error codes of a resource that refuses a resource token", async () => {
  for (const error of ["a\nb", "x".repeat(5_000)]) {
    const world = createWorld({ published: OFFERING });
    world.resource = (request) =>
      request.url.endsWith("/authorize") ? problem(400, error) : world.usual.resource(request);
    // The answer is not a refusal as in section 6.6.3, so the challenge of the call applies.
    expect((await world.agent().fetchFor({ scope: "data.read" })(DATA)).status).toBe(200);
  }
});

it("an error that is logged shows no token of the call that waits", async () => {
  const world = createWorld();
  world.server = (request) => (request.url.endsWith("/token") ? accepted() : world.usual.server(request));
  const error = await failureOf<StillWaitingError>(world.agent().fetchFor({ waiting: "throw" })(DATA));
  expect(JSON.stringify(error.waiting)).toContain("eyJ");
  expect(inspect(error, { depth: 9 })).not.toContain("eyJ");
  expect(JSON.stringify(error)).not.toContain("eyJ");
});

it("a request that the caller reduces is not updated with more", async () => {
  const world = createWorld({ published: OFFERING });
  world.requirement = { ...TO_READ, scopes: ["data.read", "data.write"] };
  let token = "";
  world.resource = async (request) => {
    if (request.url.endsWith("/authorize")) return Response.json({ resource_token: token });
    const answer = await world.usual.resource(request);
    token = resourceTokenIn(answer) ?? token;
    return answer;
  };
  world.server = (request) => {
    if (isLook(request)) return problem(403, "denied");
    return request.url.endsWith("/token")
      ? accepted(requirement("clarification"), { status: "pending", clarification: "Write?" })
      : world.usual.server(request);
  };
  const onClarification = async () => ({ action: "reduce", scope: "data.read" }) as const;
  const error = await failureOf(world.agent().fetchFor({ onClarification })(DATA));
  expect(error.code).toBe("challenge_untrusted");
  expect(world.sent.filter(isLook)).toEqual([]);
});

it("a resumed call covers the components that the resource required", async () => {
  const world = createWorld({ requirement: ANY_AGENT });
  world.resource = (request) => {
    if (!request.headers["signature-input"]?.includes('"aauth-capabilities"')) {
      const error = 'error=invalid_input, required_input=("aauth-capabilities")';
      return problem(401, undefined, { "signature-error": error });
    }
    return isLook(request) ? world.usual.resource(request) : accepted(NOW_AND_AGAIN);
  };
  const error = await failureOf<StillWaitingError>(world.agent().fetchFor({ waiting: "throw" })(DATA));
  const waiting = JSON.parse(JSON.stringify(error.waiting));
  expect((await world.agent().resume(waiting, { onInteraction() {} })).status).toBe(200);
});

it.each(["server", "resource"] as const)(
  "a %s that is polled too often is not polled again before its time",
  async (party) => {
    const world = createWorld({ requirement: A_PERSON });
    world[party] = (request) =>
      isLook(request) ? problem(429, "slow_down", { "retry-after": "30" }) : accepted(NOW_AND_AGAIN);
    const agent = world.agent({ timeouts: { waitingMs: 20_000 } });
    const error = await failureOf<StillWaitingError>(agent.fetchFor()(DATA));
    expect(error.waiting.nextLookAt - world.clock.time).toBe(35);
  },
);

it("a held request is looked for where it was, when the answer to a look names no place", async () => {
  const world = createWorld({ requirement: ANY_AGENT });
  let looks = 0;
  world.resource = (request) => {
    if (!isLook(request)) return accepted();
    return looks++ === 0
      ? new Response(null, { status: 202, headers: NOW_AND_AGAIN })
      : world.usual.resource(request);
  };
  expect(await (await world.agent().fetchFor()(DATA)).text()).toBe("agent-token");
});

it("a resource token that another key has signed is carried nowhere", async () => {
  const world = createWorld();
  replaceResourceToken(world, (token) => changed(token, keys.other, { scope: "data.everything" }));
  const error = await failureOf(world.agent().fetchFor()(DATA));
  expect([error.hop, error.section]).toEqual([RESOURCE, "draft -11, section 6.7.3"]);
  expect(world.asked("/token")).toEqual([]);
});

it("an event shows no token that is covered as a field", async () => {
  const world = createWorld({ requirement: ANY_AGENT });
  world.resource = async (request) => {
    const { status, headers } = await world.usual.resource(request);
    return new Response(null, {
      status,
      headers: { ...Object.fromEntries(headers), "aauth-access": "session-token-of-the-resource" },
    });
  };
  const agent = world.agent();
  await agent.fetchFor()(DATA);
  await agent.fetchFor()(DATA);
  expect(world.sent.at(-1)?.headers.authorization).toBe("AAuth session-token-of-the-resource");
  const events = JSON.stringify(world.events);
  expect(events).toContain("authorization");
  expect(events).not.toContain("session-token-of-the-resource");
});

it("accepts a session token from the authorization endpoint, section 6.6.1", async () => {
  const world = createWorld({ published: OFFERING });
  world.requirement = A_PERSON;
  world.resource = (request) =>
    request.url.endsWith("/authorize")
      ? Response.json({ status: "authorized" }, { headers: { "aauth-access": "session" } })
      : world.usual.resource(request);
  expect((await world.agent().fetchFor({ scope: "data.read" })(DATA)).status).toBe(200);
  expect(world.sent.at(-1)?.headers.authorization).toBe("AAuth session");
  expect(world.events.some(({ type }) => type === "session_received")).toBe(true);
});

const parametersOf = ({ headers }: Sent) => /;created=.*/.exec(headers["signature-input"] ?? "")?.[0] ?? "";

describe("equal unsafe requests of one second", () => {
  /** With one agent token, because each issued one is different. */
  async function caller(more: Partial<AgentOptions> = {}) {
    const world = createWorld({ requirement: ANY_AGENT });
    const token = await world.agentTokenOf(keys.agent);
    return { world, call: world.agent({ agentToken: async () => token, ...more }).fetchFor() };
  }
  const order = { method: "POST", body: "{}" };

  it("are all created now and served, section 11.3.3.2", async () => {
    let time = NOW;
    const { world, call } = await caller({ now: () => (time += 0.001) });
    const answers = await Promise.all(Array.from({ length: 80 }, () => call(DATA, order)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(world.sent.map(parametersOf)).size).toBe(80);
  });

  it("have a nonce, unlike safe requests", async () => {
    const { world, call } = await caller();
    await call(DATA);
    await call(DATA, order);
    const unsafe = new RegExp(`^;created=${NOW};nonce="[A-Za-z0-9_-]{22}"$`);
    expect(world.sent.map(parametersOf)).toEqual([`;created=${NOW}`, expect.stringMatching(unsafe)]);
  });
});
