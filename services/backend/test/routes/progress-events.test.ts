import { createMemoryStores, type Stores, StoreUnavailableError } from "aauth";
import { progressSchema } from "backend-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
let origin: string;
let answer: PromiseWithResolvers<string>;
let asked: PromiseWithResolvers<void>;

let isAway: boolean;

/** Stores that reject all reads while `isAway`. */
function unreliableStores(): Stores {
  const stores = createMemoryStores();
  return {
    ...stores,
    records<Value>(name: string) {
      const records = stores.records<Value>(name);
      const get = (key: string) =>
        isAway ? Promise.reject(new StoreUnavailableError("a database")) : records.get(key);
      return { ...records, get };
    },
  };
}

beforeEach(async () => {
  isAway = false;
  stack = await startScriptedStack({ deps: { heartbeatMs: 20, stores: unreliableStores() } });
  stack.script.requirement = { level: "identified" };
  answer = Promise.withResolvers();
  asked = Promise.withResolvers();
  stack.script.answer = () => {
    asked.resolve();
    return answer.promise;
  };
  origin = await stack.app.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  answer.resolve("# Report");
  await stack.close();
});

/** Starts a run that waits at the agent until `answer` is settled, and returns its id. */
async function startedRun(sub = "alice") {
  void stack.call(sub, "POST", "/optimization/start", {});
  await asked.promise;
  return (await stack.call(sub, "GET", "/optimization/all")).body[0].request_id as string;
}

async function open(id: string, sub = "alice") {
  const response = await fetch(`${origin}/optimization/progress/${id}/events`, {
    headers: { authorization: `Bearer ${await stack.userToken(sub)}`, origin: "http://localhost:3050" },
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  /** The next block of the stream; undefined at its end. */
  const next = async (): Promise<string | undefined> => {
    while (!buffer.includes("\n\n")) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      buffer += value;
    }
    const end = buffer.indexOf("\n\n");
    const block = buffer.slice(0, end);
    buffer = buffer.slice(end + 2);
    return block;
  };
  return { response, next, cancel: () => reader.cancel() };
}

const stateIn = (block: string) =>
  progressSchema.parse(JSON.parse(block.replace("event: progress\ndata: ", "")));

describe("the event stream", () => {
  it("opens with the present state, beats, and closes after the last", async () => {
    const id = await startedRun();
    const { response, next } = await open(id);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:3050");
    expect(stateIn((await next())!)).toMatchObject({ request_id: id, status: "running" });
    expect(await next()).toBe(": heartbeat");

    answer.resolve("# Report");
    let last = "";
    for (let block = await next(); block !== undefined; block = await next())
      if (!block.startsWith(":")) last = block;
    expect(stateIn(last)).toMatchObject({ status: "completed", progress_percentage: 100 });
  });

  it("V23: continues while the store does not answer", async () => {
    const id = await startedRun();
    const { next } = await open(id);
    await next();
    isAway = true;
    for (let beat = 0; beat < 3; beat++) expect(await next()).toBe(": heartbeat");
    isAway = false;
    answer.resolve("# Report");
    let last = "";
    for (let block = await next(); block !== undefined; block = await next())
      if (!block.startsWith(":")) last = block;
    expect(stateIn(last)).toMatchObject({ status: "completed" });
  });

  it("closes when the run is cleared", async () => {
    const id = await startedRun();
    const { next } = await open(id);
    await stack.call("alice", "DELETE", "/optimization/clear");
    for (let block = await next(); block !== undefined; block = await next());
  });

  it("releases the run when the reader disconnects", async () => {
    const id = await startedRun();
    for (let round = 0; round < 12; round++) {
      const { response, next, cancel } = await open(id);
      expect(response.status).toBe(200);
      await next();
      await cancel();
      await new Promise((done) => setTimeout(done, 20));
    }
  });

  it("has at most ten readers per run", async () => {
    const id = await startedRun();
    const streams = await Promise.all(Array.from({ length: 10 }, () => open(id)));
    const eleventh = await open(id);
    expect(eleventh.response.status).toBe(429);
    await Promise.all(streams.map(({ cancel }) => cancel()));
  });

  it("has no reader by HEAD", async () => {
    const id = await startedRun();
    const url = `${origin}/optimization/progress/${id}/events`;
    const headers = { authorization: `Bearer ${await stack.userToken("alice")}` };
    for (let round = 0; round < 11; round++) {
      const response = await fetch(url, { method: "HEAD", headers });
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    }
    const { response, cancel } = await open(id);
    expect(response.status).toBe(200);
    await cancel();
    expect((await fetch(url, { method: "HEAD" })).status).toBe(403);
  });
});
