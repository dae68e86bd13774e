import type { Progress } from "backend-api";
import { beforeEach, describe, expect, it } from "vitest";
import { ApiFailure } from "../../src/api/api-failure.ts";
import { createApiClient } from "../../src/api/client.ts";
import { type WatchOptions, watchRun } from "../../src/api/watch-run.ts";
import { progress } from "../features/optimization/progress-sample.ts";

type Answer = Response | Error;

/** A backend with scripted answers of its stream and its progress route, one after the other. */
function backend(stream: Answer, polls: Answer[] = []) {
  const paths: string[] = [];
  const client = createApiClient({
    backendUrl: "http://backend.test",
    accessTokens: { current: async () => "t", renew: async () => undefined },
    onSessionLapsed: () => {},
    fetch: async (url) => {
      const path = new URL(String(url)).pathname;
      paths.push(path);
      const answer = path.endsWith("/events") ? stream : polls.shift();
      if (answer === undefined) throw new Error("polled once too often");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, paths };
}

function events(...states: Progress[]): Response {
  const text = states.map((state) => `event: progress\ndata: ${JSON.stringify(state)}\n\n`).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

const sleeps: number[] = [];
const options: WatchOptions = {
  signal: new AbortController().signal,
  sleep: async (ms) => {
    sleeps.push(ms);
    if (sleeps.length > 100) throw new Error("the watch never ends");
  },
};

beforeEach(() => {
  sleeps.length = 0;
});

async function statuses(watched: AsyncGenerator<Progress>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { status } of watched) seen.push(status);
  return seen;
}

const running = progress();
const completed = progress({ status: "completed", progress_percentage: 100 });
const poll = (state: Progress) => Response.json(state);

describe("watchRun", () => {
  it("follows the stream to the end without polling", async () => {
    const { client, paths } = backend(events(running, completed));
    expect(await statuses(watchRun(client, "run-1", options))).toEqual(["running", "completed"]);
    expect(paths).toEqual(["/optimization/progress/run-1/events"]);
  });

  it("polls every two seconds without a stream", async () => {
    const none = Response.json({ detail: "Not Found" }, { status: 404 });
    const { client } = backend(none, [poll(running), poll(running), poll(completed)]);
    expect(await statuses(watchRun(client, "run-1", options))).toEqual(["running", "running", "completed"]);
    expect(sleeps).toEqual([2000, 2000]);
  });

  it("polls on when the stream ends early or cannot be read", async () => {
    const early = backend(events(running), [poll(completed)]);
    expect(await statuses(watchRun(early.client, "run-1", options))).toEqual(["running", "completed"]);

    const garbled = new Response("event: progress\ndata: {}\n\n", {
      headers: { "content-type": "text/event-stream" },
    });
    const unreadable = backend(garbled, [poll(completed)]);
    expect(await statuses(watchRun(unreadable.client, "run-1", options))).toEqual(["completed"]);

    const page = new Response("<html>", { headers: { "content-type": "text/html" } });
    const proxied = backend(page, [poll(completed)]);
    expect(await statuses(watchRun(proxied.client, "run-1", options))).toEqual(["completed"]);
  });

  it("bears with a backend that is away for a moment, not for good", async () => {
    const away = new TypeError("refused");
    const moment = backend(away, [away, away, poll(completed)]);
    expect(await statuses(watchRun(moment.client, "run-1", options))).toEqual(["completed"]);

    const good = backend(away, [away, away, away, away, away]);
    await expect(statuses(watchRun(good.client, "run-1", options))).rejects.toMatchObject({
      kind: "unreachable",
    });
  });

  it("ends at once when the run is unknown or the session has lapsed", async () => {
    const gone = () => Response.json({ detail: "Unknown run" }, { status: 404 });
    const unknown = backend(gone(), [gone()]);
    await expect(statuses(watchRun(unknown.client, "run-1", options))).rejects.toMatchObject({ status: 404 });

    const lapsed = backend(Response.json({ detail: "expired" }, { status: 401 }));
    await expect(statuses(watchRun(lapsed.client, "run-1", options))).rejects.toBeInstanceOf(ApiFailure);
    expect(lapsed.paths).toHaveLength(1);
  });

  it("stops polling when the page loses interest", async () => {
    const controller = new AbortController();
    const { client } = backend(new TypeError("refused"), [poll(running)]);
    const watched = watchRun(client, "run-1", {
      signal: controller.signal,
      sleep: async (_ms, signal) => {
        controller.abort();
        signal.throwIfAborted();
      },
    });
    await expect(statuses(watched)).rejects.toMatchObject({ name: "AbortError" });
  });

  it("keeps a request id from changing the path", async () => {
    const { client, paths } = backend(events(completed));
    await statuses(watchRun(client, "../all", options));
    expect(paths).toEqual(["/optimization/progress/..%2Fall/events"]);
  });
});
