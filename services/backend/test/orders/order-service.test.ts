import { AAuthAgentError, type Stores, StoreUnavailableError, type WaitingCall } from "aauth";
import type { Agent } from "aauth/agent";
import { type FebruaryFetchContext, UserInteractionRequiredError } from "aauth/february-2026";
import { AgentHttpError } from "aauth-a2a";
import { createLogger, withSpan } from "agent-kit/service";
import { createLocalJobs, type JobRow, type Jobs } from "jobs";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { recordSpans } from "../../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { type OrderClient, OrderRefusedError, type PlacedOrder } from "../../src/orders/order-client.ts";
import { OrderService } from "../../src/orders/order-service.ts";
import { createJsonStores } from "../support/json-stores.ts";

type Place = OrderClient["place"];

const RETURN_URL = "http://backend.localhost:8000/auth/aauth/interaction";
const WANTED = { model: "MacBook Pro", quantity: 25 };
const PLACED = { status: "placed", total: 62_500, approved_by: { sub: "anna", name: "Anna" } } as const;
const DEMAND = new UserInteractionRequiredError({
  interactionUrl: "http://sca.localhost:3000/interaction?session=s",
  resource: "http://sca.localhost:3000",
  keyThumbprint: "key-1",
});

let now: number;
let asked: PlacedOrder[];
let contexts: FebruaryFetchContext[];
let log: string[];
let outage: Error | undefined;
/** A second service over these stores acts as another process. */
let stores: Stores;
/** Answers of the agent to the repeated requests of a continuing call. */
let again: (() => Awaited<ReturnType<Place>>)[];
/** Jobs of the latest service. */
let jobs: Jobs;
const newJobs = () => {
  jobs = createLocalJobs({ records: stores.records<JobRow>("jobs"), log: { warn: () => {} } });
  return jobs;
};
beforeEach(() => {
  stores = createJsonStores({ now: () => now });
  outage = undefined;
  now = 1_730_217_600;
  asked = [];
  again = [];
  contexts = [];
  log = [];
});

/** The service with an agent whose answers are scripted, one function per call. */
function scripted(...script: (() => Awaited<ReturnType<Place>>)[]) {
  const answers = [...script];
  return new OrderService({
    stores,
    jobs: newJobs(),
    wire: {
      agentOf: () =>
        ({
          fetchFor(context = {}) {
            contexts.push(context);
            return fetch;
          },
        }) as Agent,
      returnUrl: ({ state }) => `${RETURN_URL}?state=${state}`,
      named: (userId) => ({ approver: userId }),
    },
    client: {
      catalogue: async () => {
        if (outage !== undefined) throw outage;
        return { level: "identified", laptops: [] };
      },
      async place(order) {
        asked.push(order);
        return answers.shift()!();
      },
    },
    returnUrl: RETURN_URL,
    observe: () => ({ observer: () => {}, peer: () => "resource", noted: async () => {} }),
    places: { agentUrl: "http://sca.localhost:3000", issuer: "http://auth", backendUrl: "http://backend" },
    logger: createLogger({ service: "t", destination: { write: (line) => log.push(line) } }),
    now: () => now,
    timeoutSeconds: 60,
  });
}

const fail = (error: Error) => () => {
  throw error;
};
const stateOf = (index = 0) => new URL(contexts[index]!.returnUrl!).searchParams.get("state")!;

describe("an order", () => {
  it("waits for the user, and is the very same request after the interaction", async () => {
    const orders = scripted(fail(DEMAND), () => PLACED);
    const waiting = await orders.start("anna", WANTED);
    expect(waiting).toMatchObject({
      ...WANTED,
      status: "interaction_required",
      interaction_url: DEMAND.interactionUrl,
    });
    const back = new URL(contexts[0]!.returnUrl!);
    expect(back.origin + back.pathname).toBe(RETURN_URL);
    expect(stateOf()).toMatch(/^[\w-]{43}$/);

    expect(await orders.resume(stateOf())).toBe(waiting.order_id);
    expect(await orders.get("anna", waiting.order_id)).toEqual({
      order_id: waiting.order_id,
      ...WANTED,
      status: "placed",
      total: 62_500,
      approved_by: PLACED.approved_by,
    });
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[0]).toEqual({ order_id: waiting.order_id, ...WANTED, approver: "anna" });
  });

  it("reports that it was declined", async () => {
    const orders = scripted(fail(DEMAND), fail(new OrderRefusedError("order_declined", "no")));
    const { order_id } = await orders.start("anna", WANTED);
    await orders.resume(stateOf());
    expect(await orders.get("anna", order_id)).toEqual({ order_id, ...WANTED, status: "declined" });
  });

  it("is tried again with the key that its approval is for, whatever key has come since", async () => {
    const orders = scripted(fail(DEMAND), () => PLACED);
    await orders.start("anna", WANTED);
    await orders.resume(stateOf());
    expect(contexts.map(({ keyThumbprint }) => keyThumbprint)).toEqual([undefined, "key-1"]);
  });

  it("whose agent requires the user again after the interaction fails, to avoid a loop", async () => {
    const orders = scripted(fail(DEMAND), fail(DEMAND));
    const { order_id } = await orders.start("anna", WANTED);
    await orders.resume(stateOf(0));
    const order = await orders.get("anna", order_id);
    expect(order).toMatchObject({ status: "failed", failure: { code: "interaction_repeated" } });
    expect(order).not.toHaveProperty("interaction_url");
    expect(await orders.resume(stateOf(1))).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it("whose user did not return in time has failed, and leads to no page any more", async () => {
    const orders = scripted(fail(DEMAND));
    const { order_id } = await orders.start("anna", WANTED);
    now += 599;
    expect((await orders.get("anna", order_id)).status).toBe("interaction_required");
    now += 1;
    expect(await orders.get("anna", order_id)).toEqual({
      order_id,
      ...WANTED,
      status: "failed",
      failure: expect.objectContaining({ code: "interaction_expired" }),
    });
    expect(await orders.traceOf("anna", order_id)).toMatchObject({ isFinal: true });
  });

  it.each([
    ["the agent refuses", new OrderRefusedError("order_refused", "too\nmuch"), "order_refused"],
    [
      "the agent's challenge is not followed",
      new AAuthAgentError("challenge_untrusted", "x"),
      "challenge_untrusted",
    ],
    ["the gateway refuses", new AgentHttpError(403), "http_403"],
    ["something breaks", new Error("secret at 10.0.0.7"), "internal_error"],
  ])("that fails because %s says why", async (_name, error, code) => {
    const order = await scripted(fail(error)).start("anna", WANTED);
    expect(order).toMatchObject({ status: "failed", failure: { code } });
    expect(JSON.stringify(order)).not.toMatch(/10\.0\.0\.7|\\n/);
  });
});

describe("the way back", () => {
  it("is not open to guesses", async () => {
    const orders = scripted(fail(DEMAND));
    await orders.start("anna", WANTED);
    for (const state of [undefined, "", "x", `${stateOf()}x`])
      expect(await orders.resume(state)).toBeUndefined();
    expect(asked).toHaveLength(1);
    await expect(orders.get("anna", "no-such-order")).rejects.toThrow("No such order");
  });

  it("taken twice at once places one order", async () => {
    const orders = scripted(fail(DEMAND), () => PLACED);
    const { order_id } = await orders.start("anna", WANTED);
    const ids = await Promise.all([orders.resume(stateOf()), orders.resume(stateOf())]);
    expect(ids.filter((id) => id === order_id)).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });
});

describe("an order whose process has ended", () => {
  const unanswered = () => new Promise<never>(() => {}) as never;
  const tookUp = async (orders: OrderService) => {
    await jobs.start();
    return orders;
  };

  it("is continued by the process that the browser comes back to, once, as the very same request", async () => {
    const before = scripted(fail(DEMAND), () => PLACED);
    const { order_id } = await before.start("anna", WANTED);
    const after = await tookUp(scripted(() => PLACED));
    const ids = await Promise.all([after.resume(stateOf()), before.resume(stateOf())]);
    expect(ids.filter((id) => id === order_id)).toHaveLength(1);
    expect((await after.get("anna", order_id)).status).toBe("placed");
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
  });

  it("before its job was added gets one when it is read ten seconds later", async () => {
    const orders = scripted(() => PLACED);
    vi.spyOn(jobs, "add").mockRejectedValueOnce(new Error("the process ends here"));
    await expect(orders.start("anna", WANTED)).rejects.toThrow("the process ends here");
    const [{ id }] = (await stores.records<{ value: { id: string } }>("orders").list("anna")).map(
      ({ value }) => value,
    ) as [{ id: string }];
    expect((await orders.get("anna", id)).status).toBe("placing");
    now += 10;
    await orders.get("anna", id);
    await vi.waitFor(async () => expect((await orders.get("anna", id)).status).toBe("placed"));
    expect(asked).toHaveLength(1);
  });

  it("mid-call is sent again under the same id, once, and then ends with outcome_unknown", async () => {
    void scripted(unanswered).start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await tookUp(scripted(unanswered));
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]).toEqual(asked[0]);
    const last = await tookUp(scripted());
    await vi.waitFor(async () =>
      expect(await last.get("anna", asked[0]!.order_id)).toMatchObject({
        status: "failed",
        failure: { code: "outcome_unknown", advice: expect.stringContaining("log") },
      }),
    );
    expect(asked).toHaveLength(2);
  });

  it("mid-call is placed by the process that resumes it", async () => {
    void scripted(unanswered).start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const after = await tookUp(scripted(() => PLACED));
    await vi.waitFor(async () => expect((await after.get("anna", asked[0]!.order_id)).status).toBe("placed"));
    await vi.waitFor(async () => expect(await stores.records("jobs").list("orders")).toEqual([]));
  });
});

it("V25: an order whose call fails because the backend's own store is down is made again", async () => {
  const away = AAuthAgentError.from(new StoreUnavailableError("db:5432"), "https://sca.localhost") as Error;
  const orders = scripted(fail(away), () => PLACED);
  expect((await orders.start("anna", WANTED)).status).toBe("placed");
  expect(asked[1]).toEqual(asked[0]);
  outage = away;
  await expect(orders.catalogue("anna")).rejects.toThrow(StoreUnavailableError);
});

describe("reports of an order", () => {
  it("says whether it is at its end, and when it last changed", async () => {
    const orders = scripted(fail(DEMAND), () => PLACED);
    const { order_id: id } = await orders.start("anna", WANTED);
    expect(await orders.traceOf("anna", id)).toMatchObject({ id, isFinal: false, changedAt: now });
    now += 60;
    await orders.resume(stateOf());
    expect(await orders.traceOf("anna", id)).toMatchObject({ isFinal: true, changedAt: now });
    expect(await orders.traceOf("bert", id)).toBeUndefined();
  });

  it("is one trace, to which the way back and the second attempt belong", async () => {
    const spans = recordSpans();
    onTestFinished(spans.stop);
    const orders = scripted(fail(DEMAND), () => PLACED);
    const { order_id: id } = await withSpan("POST /orders", () => orders.start("anna", WANTED));
    await withSpan("another trace", () => orders.resume(stateOf()));
    const seen = spans.finished();
    const traceOf = (name: string) =>
      seen.filter((span) => span.name === name).map((span) => span.spanContext().traceId);
    const [traceId] = traceOf("POST /orders");
    expect((await orders.traceOf("anna", id))?.places[0]?.traceId).toEqual(traceId);
    expect(traceOf(SPAN.order)).toEqual([traceId, traceId]);
    expect(traceOf(SPAN.orderReturned)).toEqual([traceId]);
    expect(traceOf("another trace")).not.toContain(traceId);
    for (const { name, attributes } of seen.filter(({ name }) => name.includes("order_service"))) {
      expect(attributes, name).toMatchObject({ [ATTRIBUTE.runId]: id, [ATTRIBUTE.userSub]: "anna" });
    }
  });
});

describe("orders of one user", () => {
  const many = (count: number, answer: () => never) =>
    scripted(...Array.from({ length: count }, () => answer));

  it("X6: are open twenty at a time; others are not kept waiting, and time makes room", async () => {
    const orders = many(30, fail(DEMAND));
    for (let index = 0; index < 20; index++) await orders.start("anna", WANTED);
    await expect(orders.start("anna", WANTED)).rejects.toMatchObject({ kind: "too_many" });
    expect((await orders.start("bert", WANTED)).status).toBe("interaction_required");
    expect(asked).toHaveLength(21);
    now += 600;
    expect((await orders.start("anna", WANTED)).status).toBe("interaction_required");
  });

  it("keep the agent's quota used when one fails: a waiting order is charged for its ten minutes", async () => {
    const orders = many(50, fail(DEMAND));
    for (let index = 0; index < 20; index++) {
      await orders.start("anna", WANTED);
      await orders.resume(stateOf(2 * index));
    }
    await expect(orders.start("anna", WANTED)).rejects.toMatchObject({ kind: "too_many" });
    expect((await orders.start("bert", WANTED)).status).toBe("interaction_required");
    expect(asked).toHaveLength(41);
    now += 599;
    await expect(orders.start("anna", WANTED)).rejects.toMatchObject({ kind: "too_many" });
    now += 1;
    expect((await orders.start("anna", WANTED)).status).toBe("interaction_required");
  });

  it.each([
    ["placed", () => PLACED],
    ["declined", fail(new OrderRefusedError("order_declined", "no"))],
  ])("are as many as they like, one after the other, where each is %s", async (status, answer) => {
    const orders = scripted(...Array.from({ length: 42 }, (_, index) => (index % 2 ? answer : fail(DEMAND))));
    for (let index = 0; index < 21; index++) {
      const { order_id } = await orders.start("anna", WANTED);
      await orders.resume(stateOf(2 * index));
      expect((await orders.get("anna", order_id)).status).toBe(status);
    }
  });
});

it("neither state nor interaction reach the log", async () => {
  const orders = scripted(fail(DEMAND), () => PLACED);
  await orders.start("anna", WANTED);
  await orders.resume(stateOf());
  expect(log.join("")).toContain("Order placed");
  expect(log.join("")).not.toContain(stateOf());
  expect(log.join("")).not.toContain("session=s");
});

it("a catalogue that cannot be read is explained as a failed run is", async () => {
  outage = new AgentHttpError(503);
  await expect(scripted().catalogue("anna")).rejects.toMatchObject({
    kind: "unreachable",
    code: "http_503",
    message: expect.stringMatching(
      /^The gateway cannot reach the supply-chain agent\. Start the supply-chain agent/,
    ),
  });
});

describe("an order of draft -11, whose call continues", () => {
  /** Orders with a supply-chain agent that the test controls. */
  function held(onResume?: (waiting: WaitingCall) => void) {
    const answer = Promise.withResolvers<Awaited<ReturnType<Place>>>();
    const pages: ((url: string, party: string) => Promise<void>)[] = [];
    const orders = new OrderService({
      stores,
      jobs: newJobs(),
      wire: {
        agentOf: (userId) =>
          ({
            fetchFor(context: FebruaryFetchContext = {}) {
              contexts.push({ ...context, loginHint: userId });
              pages.push(async (page, party) =>
                context.onInteraction!({ url: page, code: "c", page, party }),
              );
              return fetch;
            },
            async resume(waiting) {
              onResume?.(waiting);
              return new Response();
            },
          }) as Partial<Agent> as Agent,
        named: () => ({ agent_provider: "https://backend.localhost" }),
        browserUrl: (url) => url.replace("https://ps.localhost", "http://localhost:8080"),
        returnUrl: ({ state }) => `${RETURN_URL}?state=${state}`,
      },
      client: {
        catalogue: async () => ({ level: "agent-token", laptops: [] }),
        async place(order, send) {
          asked.push(order);
          if (onResume !== undefined) await send("https://sca.localhost/orders");
          const next = asked.length > 1 ? again.shift() : undefined;
          return next === undefined ? answer.promise : next();
        },
      },
      returnUrl: RETURN_URL,
      observe: () => ({ observer: () => {}, peer: () => "resource", noted: async () => {} }),
      places: {
        agentUrl: "https://sca.localhost",
        issuer: "http://auth",
        backendUrl: "http://backend",
        hops: new Map([["https://ps.localhost", "person-server"]]),
      },
      logger: createLogger({ service: "t", destination: { write: (line) => log.push(line) } }),
      now: () => now,
      timeoutSeconds: 60,
    });
    return { orders, answer, page: (url: string, party: string) => pages[0]!(url, party) };
  }

  it("waits at one page and then at the next, comes back as often as it likes, and is asked for once", async () => {
    const { orders, answer, page } = held();
    const started = orders.start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    expect(asked[0]).toEqual({
      order_id: expect.any(String),
      ...WANTED,
      agent_provider: "https://backend.localhost",
    });
    await page("https://ps.localhost/interaction?code=1", "https://ps.localhost");
    const waiting = await started;
    expect(waiting).toMatchObject({
      status: "interaction_required",
      interaction_url: "http://localhost:8080/interaction?code=1",
      interaction_party: "person-server",
    });
    const back = orders.resume(stateOf());
    await vi.waitFor(async () => expect((await orders.get("anna", waiting.order_id)).status).toBe("placing"));
    await page("https://sca.localhost/orders/interaction?code=2", "https://sca.localhost");
    expect(await back).toBe(waiting.order_id);
    expect(await orders.get("anna", waiting.order_id)).toMatchObject({
      status: "interaction_required",
      interaction_url: "https://sca.localhost/orders/interaction?code=2",
    });
    const again = orders.resume(stateOf());
    answer.resolve(PLACED);
    expect(await again).toBe(waiting.order_id);
    const placed = await orders.get("anna", waiting.order_id);
    expect(placed).toMatchObject({ status: "placed", total: 62_500 });
    expect(placed).not.toHaveProperty("interaction_url");
    expect(await orders.resume(stateOf())).toBe(waiting.order_id);
    expect(await orders.resume("forged")).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  it("M13: ends at a page of a party that is not known, to which no browser is sent", async () => {
    const { orders, answer, page } = held();
    const started = orders.start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const refused = page("https://evil.example/sign-in", "https://evil.example");
    await expect(refused).rejects.toMatchObject({ code: "challenge_untrusted" });
    answer.reject(await refused.catch((error) => error));
    const failed = await started;
    expect(failed).toMatchObject({ status: "failed", failure: { code: "challenge_untrusted" } });
    expect(failed).not.toHaveProperty("interaction_url");
  });

  it("is resumed by another process with its wait, and reads the same at both", async () => {
    const { orders, page } = held();
    const started = orders.start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const waiting = { location: "https://sca.localhost/orders/pending/1" } as WaitingCall;
    contexts[0]!.onWaiting!(waiting);
    await page("https://sca.localhost/orders/interaction?code=1", "https://sca.localhost");
    const { order_id } = await started;
    const resumed: WaitingCall[] = [];
    const after = held((call) => resumed.push(call));
    await jobs.start();
    await vi.waitFor(() => expect(resumed).toEqual([waiting]));
    expect((await after.orders.get("anna", order_id)).status).toBe("interaction_required");
    const back = orders.resume(stateOf());
    after.answer.resolve(PLACED);
    expect(await back).toBe(order_id);
    for (const each of [orders, after.orders])
      expect(await each.get("anna", order_id)).toMatchObject({ status: "placed", total: 62_500 });
  });

  it.each([404, 410])(
    "whose answer was sent and lost (%i) is polled again with the key of the waiting call",
    async (status) => {
      const { orders, answer, page } = held();
      const started = orders.start("anna", WANTED);
      await vi.waitFor(() => expect(asked).toHaveLength(1));
      contexts[0]!.onWaiting!({
        location: "https://sca.localhost/orders/pending/1",
        keyThumbprint: "key-1",
      } as WaitingCall);
      await page("https://sca.localhost/orders/interaction?code=1", "https://sca.localhost");
      const { order_id } = await started;
      again.push(() => PLACED);
      answer.reject(new AgentHttpError(status));
      await vi.waitFor(async () => expect((await orders.get("anna", order_id)).status).toBe("placed"));
      expect(asked[1]).toEqual(asked[0]);
      expect(contexts[1]).toMatchObject({ keyThumbprint: "key-1" });
    },
  );

  it("whose response was lost does not wait a second time", async () => {
    const { orders, answer, page } = held();
    const started = orders.start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    contexts[0]!.onWaiting!({ location: "https://sca.localhost/orders/pending/1" } as WaitingCall);
    await page("https://sca.localhost/orders/interaction?code=1", "https://sca.localhost");
    const { order_id } = await started;
    again.push(() => {
      throw new AgentHttpError(410);
    });
    answer.reject(new AgentHttpError(410));
    await vi.waitFor(async () =>
      expect(await orders.get("anna", order_id)).toMatchObject({
        status: "failed",
        failure: { code: "http_410" },
      }),
    );
    expect(asked).toHaveLength(2);
    await expect(
      contexts[1]!.onInteraction!({ url: "p", code: "c", page: "p", party: "https://sca.localhost" }),
    ).rejects.toThrow(AgentHttpError);
  });

  it("keeps its end, whenever its user comes back", async () => {
    for (let turns = 0; turns < 20; turns++) {
      const { orders, answer, page } = held();
      const started = orders.start("anna", WANTED);
      await vi.waitFor(() => expect(asked).toHaveLength(turns + 1));
      await page("https://sca.localhost/orders/interaction?code=1", "https://sca.localhost");
      const { order_id } = await started;
      answer.resolve(PLACED);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await orders.resume(stateOf(turns));
      expect((await orders.get("anna", order_id)).status, `after ${turns} turns`).toBe("placed");
    }
  });

  it.each([
    ["denied", { status: "declined" }],
    ["expired", { status: "failed", failure: { code: "interaction_expired" } }],
    ["invalid_code", { status: "failed", failure: { code: "invalid_code" } }],
    ["person_required", { status: "failed", failure: { advice: expect.stringContaining("--mode") } }],
  ])("that ends %s reports it", async (code, expected) => {
    const { orders, answer } = held();
    const started = orders.start("anna", WANTED);
    answer.reject(new OrderRefusedError(code, "words"));
    expect(await started).toMatchObject(expected);
  });

  it("is charged to its user while it waits", async () => {
    const { orders } = held();
    for (let index = 0; index < 20; index++) void orders.start("anna", WANTED);
    await vi.waitFor(() => expect(asked).toHaveLength(20));
    await expect(orders.start("anna", WANTED)).rejects.toMatchObject({ kind: "too_many" });
  });
});
