import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import { progressSchema } from "backend-api";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type LastingUser, lastingUser, startRun } from "../support/lasting-user.ts";
import { type OrderRun, startOrder } from "../support/order-run.ts";
import { type LoadedReplicas, startLoadedReplicas } from "../support/replica-load.ts";
import { type StoreServer, startPostgres, startValkey } from "../support/store-servers.ts";

installLocalhostLookup();

/** `npm run test:long -- replicas` stops both servers in both ways, for 20 seconds. */
const IS_LONG = process.env.LONG_TESTS !== undefined;
const OUTAGE_MS = IS_LONG ? 20_000 : 2_000;
/** Time after which everything is served again. */
const RECOVERY_MS = 5_000;
/** Pause between two runs. In the long outages more of them fail than a user may have open. */
const RUN_MS = IS_LONG ? 900 : 1_500;
const END_LIMIT_MS = 60_000;

let postgres: StoreServer;
let valkey: StoreServer;
let replicas: LoadedReplicas;
beforeAll(async () => {
  [postgres, valkey] = await Promise.all([startPostgres(), startValkey(["--appendonly", "yes"])]);
  replicas = await startLoadedReplicas({ store: postgres.url, replayStore: valkey.url });
}, 240_000);
afterAll(async () => {
  await replicas?.stop();
  await Promise.all([postgres?.close(), valkey?.close()]);
});

/** Status of an answer, with the code of a refusal. */
function outcomeOf({ status, headers, text }: Answer): string {
  if (status < 300) return String(status);
  const field = /code="?(\w+)/.exec(headers["aauth-refusal"] ?? "");
  const [, code = text] = field ?? /"(?:error|code)": ?"(\w+)"/.exec(text) ?? [];
  return `${status} ${code}`;
}

/** An order that waits at the supply-chain agent's page. */
async function waitingOrder(): Promise<OrderRun> {
  const { stack, person } = replicas;
  const order = await startOrder(stack);
  const page = order.waiting.interaction_url!;
  if (new URL(page).origin !== stack.urls.personServer) return order;
  await fetch(await person.allowAgent(page), { redirect: "manual" });
  return { ...order, waiting: await order.state() };
}

/** Rows of the supply-chain agent's table. */
async function placedOrders(): Promise<number> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  const { rows } = await client.query("select 1 from aauth_entries where store like '%placed orders'");
  await client.end();
  return rows.length;
}

const runsOf = async (user: LastingUser) =>
  progressSchema.array().parse(await (await user("/optimization/all")).json());

/**
 * Sends a request at each interval, whether or not the last one was answered.
 *
 * @returns ends it: the distinct outcomes of the requests sent before and since a time
 */
function atRate(everyMs: number, make: () => Promise<Answer>) {
  const made: { atMs: number; outcome: Promise<string> }[] = [];
  const timer = setInterval(() => {
    const outcome = make().then(outcomeOf, (error: Error) => error.message);
    made.push({ atMs: performance.now(), outcome });
  }, everyMs);
  return async (sinceMs: number) => {
    clearInterval(timer);
    const of = async (some: typeof made) =>
      [...new Set(await Promise.all(some.map(({ outcome }) => outcome)))].sort();
    return {
      before: await of(made.filter(({ atMs }) => atMs < sinceMs)),
      since: await of(made.filter(({ atMs }) => atMs >= sinceMs)),
    };
  };
}

async function down(server: StoreServer): Promise<void> {
  await server.kill();
  await pause(OUTAGE_MS);
  await server.start();
}

const POSTGRES_DOWN = ["PostgreSQL is down", () => down(postgres)] as const;
const OUTAGES = [
  POSTGRES_DOWN,
  ["PostgreSQL stands still", () => postgres.whileStopped(() => pause(OUTAGE_MS))],
  ["Valkey is down", () => down(valkey)],
  ["Valkey stands still", () => valkey.whileStopped(() => pause(OUTAGE_MS))],
] as const;
const AWAY = "503 store_unavailable";

// In CI `replays.test.ts` pauses Valkey.
test.each(IS_LONG ? OUTAGES : [POSTGRES_DOWN])(
  "V25: while %s, requests under load are refused with a code, nothing is lost, nothing done twice",
  async (title, outage) => {
    const { person, newAgent, send, requestGrant, resourceRequest, poll } = replicas;
    const user = lastingUser(replicas.stack.urls);
    await runsOf(user);
    const placedBefore = await placedOrders();
    const order = await waitingOrder();
    const page = await person.comeTo(order.waiting.interaction_url!);
    const asking = await newAgent();
    const pending = await requestGrant(asking);
    const used = await resourceRequest();
    expect(outcomeOf(await send(used))).toBe("200");

    const ends = {
      resource: atRate(300, async () => send(await resourceRequest())),
      grants: atRate(500, async () => requestGrant(await newAgent())),
      replays: atRate(500, () => send(used)),
      runs: atRate(RUN_MS, () => startRun(user)),
    };
    const stopped = outage();
    await pause(OUTAGE_MS / 2);
    // Whether this is accepted depends on the server; the order is placed once in any case.
    const approval = person.submit(page, { decision: "approve" });
    await stopped;
    const recoveredAtMs = performance.now() + RECOVERY_MS;
    await approval;
    await pause(RECOVERY_MS + 1.5 * RUN_MS);
    const all = Object.entries(ends).map(async ([name, end]) => [name, await end(recoveredAtMs)]);
    const seen = Object.fromEntries(await Promise.all(all));
    const answered = { since: ["200"], before: ["200", AWAY] };
    expect(seen).toEqual({
      resource: answered,
      grants: { since: ["202"], before: ["202", AWAY] },
      replays: {
        since: ["401 signature_replayed"],
        before: expect.toSatisfy((codes: string[]) =>
          codes.every((code) => code === AWAY || code === "401 signature_replayed"),
        ),
      },
      // A run needs no claim in the backend's store.
      runs: title.startsWith("Valkey") ? { since: ["200"], before: ["200"] } : answered,
    });

    expect(outcomeOf(await poll(asking, pending))).toBe("202");
    if ((await order.state()).status === "interaction_required")
      await person.submit(page, { decision: "approve" });
    const limit = { timeout: END_LIMIT_MS };
    await expect.poll(async () => (await order.state()).status, limit).toBe("placed");
    expect(await placedOrders()).toBe(placedBefore + 1);
    const unfinished = async () =>
      (await runsOf(user)).filter(({ status }) => !/completed|failed/.test(status));
    await expect.poll(unfinished, limit).toEqual([]);
    for (const { status, failure } of await runsOf(user))
      expect([status, failure]).toEqual(
        status === "failed"
          ? ["failed", expect.objectContaining({ code: expect.stringMatching(/./) })]
          : ["completed", undefined],
      );
  },
  300_000,
);
