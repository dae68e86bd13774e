import { generateSigningKey, type SigningKey, signRequest } from "aauth";
import { february2026 } from "aauth/february-2026";
import { parseRefusal } from "aauth/resource";
import { Pool } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ReplicaStack, startReplicas } from "../support/start-replicas.ts";

/** Ten thousand in `npm run test:long -- replicas`. */
const REQUESTS = process.env.LONG_TESTS ? 10_000 : 500;
const AT_ONCE = 25;
const CONTENT = { "content-type": "application/json" };

let stack: ReplicaStack;
let key: SigningKey;
let replicas: readonly Pool[];
beforeAll(async () => {
  stack = await startReplicas({ authorizationScheme: "signature-only", signatureScheme: "hwk" });
  key = await generateSigningKey({ kid: "visitor" });
  replicas = stack.addressesOf("market-analysis-agent").map((url) => new Pool(url, { connections: AT_ONCE }));
}, 180_000);
afterAll(async () => {
  await Promise.all(replicas?.map((pool) => pool.close()) ?? []);
  await stack?.stop();
});

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
}
type Send = (replica: number) => Promise<Answer>;

/**
 * A new request, which can be sent to either replica. It is an empty call: the agent refuses its
 * content once the signature is verified.
 */
async function signed(): Promise<Send> {
  const url = `${stack.urls.marketAnalysisAgent}/`;
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: crypto.randomUUID(), method: "none" }));
  const request = { method: "POST", url, headers: CONTENT, body };
  const signature = await signRequest(request, {
    profile: february2026,
    key,
    signatureKey: { scheme: "hwk" },
  });
  const headers = { ...CONTENT, ...signature.headers, host: new URL(url).host };
  return async (replica) => {
    const response = await replicas[replica]!.request({ method: "POST", path: "/", headers, body });
    await response.body.dump();
    const field = response.headers["aauth-refusal"];
    return { status: response.statusCode, code: parseRefusal(String(field ?? ""))?.code };
  };
}

/** Number of each answer. */
function counted(answers: readonly Answer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status, code } of answers) {
    const name = code === undefined ? String(status) : `${status} ${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function ofMany<Value>(count: number, make: (index: number) => Promise<Value>): Promise<Value[]> {
  const made: Value[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => make(from + index));
    made.push(...(await Promise.all(some)));
  }
  return made;
}

describe("a request that one replica has answered", () => {
  test(`V21: is refused by the other, of ${REQUESTS}`, async () => {
    const answers = await ofMany(REQUESTS, async (index) => {
      const send = await signed();
      const first = await send(index % 2);
      return { first, again: await send((index + 1) % 2) };
    });
    expect(counted(answers.map(({ first }) => first))).toEqual({ 200: REQUESTS });
    expect(counted(answers.map(({ again }) => again))).toEqual({ "401 nonce_replayed": REQUESTS });
  }, 600_000);

  test("is answered once where it reaches both at the same time", async () => {
    const answers = await ofMany(100, async () => {
      const send = await signed();
      return Promise.all([send(0), send(1)]);
    });
    expect(counted(answers.flat())).toEqual({ 200: 100, "401 nonce_replayed": 100 });
  }, 60_000);
});

describe("while the replay store stands still", () => {
  test("no request is accepted, and all are again once it continues", async () => {
    const send = await signed();
    await stack.whileStopped("valkey", async () => {
      const answers = await ofMany(50, async (index) => (await signed())(index % 2));
      expect(counted(answers)).toEqual({ "503 store_unavailable": 50 });
    });
    await expect.poll(async () => (await (await signed())(0)).status, { timeout: 5_000 }).toBe(200);
    await expect.poll(async () => (await (await signed())(1)).status, { timeout: 5_000 }).toBe(200);
    expect((await send(0)).status).toBe(200);
  }, 120_000);
});
