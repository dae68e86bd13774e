import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ApiFailure, describeFailure } from "../../src/api/api-failure.ts";
import { createApiClient } from "../../src/api/client.ts";

const answer = z.object({ ok: z.literal(true) });
const read = { method: "GET", path: "/x", summary: "", answer } as const;
const change = {
  method: "POST",
  path: "/x/{id}",
  summary: "",
  body: z.object({ a: z.number() }),
  answer,
} as const;

/** A backend that answers with the given responses in turn, and tokens `t1`, `t2` … by renewal. */
function setUp(responses: (() => Response)[], tokens: (string | undefined)[] = ["t1", "t2"]) {
  const requests: { url: string; init: RequestInit }[] = [];
  let token = 0;
  let renewals = 0;
  let lapses = 0;
  const client = createApiClient({
    backendUrl: "http://backend.test",
    accessTokens: {
      current: async () => tokens[token],
      renew: async () => {
        renewals += 1;
        token += 1;
        return tokens[token];
      },
    },
    onSessionLapsed: () => {
      lapses += 1;
    },
    fetch: async (url, init) => {
      requests.push({ url: String(url), init: init ?? {} });
      const answer = responses.shift();
      if (!answer) throw new TypeError("connection refused");
      return answer();
    },
  });
  const bearer = (index: number) => new Headers(requests[index]?.init.headers).get("authorization");
  return { client, requests, bearer, renewals: () => renewals, lapses: () => lapses };
}

const good = () => Response.json({ ok: true });
const unauthorized = () => Response.json({ detail: "Invalid or expired token" }, { status: 401 });

async function failureOf(promise: Promise<unknown>): Promise<ApiFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiFailure)) throw new Error(`expected an ApiFailure, got ${String(error)}`);
  return error;
}

describe("createApiClient", () => {
  it("sends the bearer header and a JSON body, and returns the checked answer", async () => {
    const { client, requests, bearer } = setUp([good]);
    expect(await client.call(change, { params: { id: "../1" }, body: { a: 1 } })).toEqual({ ok: true });
    expect(requests[0]?.url).toBe("http://backend.test/x/..%2F1");
    expect(requests[0]?.init).toMatchObject({ method: "POST", body: '{"a":1}' });
    expect(bearer(0)).toBe("Bearer t1");
  });

  it("renews a refused token once and repeats the call once", async () => {
    const { client, bearer, requests } = setUp([unauthorized, good]);
    await client.call(read);
    expect([bearer(0), bearer(1)]).toEqual(["Bearer t1", "Bearer t2"]);
    expect(requests).toHaveLength(2);
  });

  it("does not repeat a second time", async () => {
    const { client, requests, renewals, lapses } = setUp([unauthorized, unauthorized, good]);
    expect((await failureOf(client.call(read))).kind).toBe("session_lapsed");
    expect(requests).toHaveLength(2);
    expect([renewals(), lapses()]).toEqual([1, 1]);
  });

  it("reports an expired session without an access token, without sending anything", async () => {
    const { client, requests, lapses } = setUp([good], []);
    expect((await failureOf(client.call(read))).kind).toBe("session_lapsed");
    expect([requests.length, lapses()]).toEqual([0, 1]);
  });

  it("does not read a 403 as an expired session", async () => {
    const { client, renewals, lapses } = setUp([
      () => Response.json({ detail: "Not yours" }, { status: 403 }),
    ]);
    const failure = await failureOf(client.call(read));
    expect(failure).toMatchObject({
      kind: "refused",
      status: 403,
      message: "The backend refused: Not yours",
    });
    expect([renewals(), lapses()]).toEqual([0, 0]);
  });

  it("passes on the backend's words about another party", async () => {
    const told = { detail: "Nobody listens. Start it.", code: "connection_refused" };
    const { client } = setUp([() => Response.json(told, { status: 502 })]);
    expect(describeFailure(await failureOf(client.call(read)))).toEqual({
      message: "Nobody listens. Start it.",
      code: "connection_refused",
    });
  });

  it("rejects an answer that does not match the API", async () => {
    const { client } = setUp([() => Response.json({ ok: "yes" }), () => new Response("<html>")]);
    expect((await failureOf(client.call(read))).kind).toBe("unreadable");
    expect((await failureOf(client.call(read))).kind).toBe("unreadable");
  });

  it("says which backend cannot be reached", async () => {
    const { client } = setUp([]);
    const failure = await failureOf(client.call(read));
    expect(failure.kind).toBe("unreachable");
    expect(describeFailure(failure)).toMatchObject({
      hop: "backend",
      check: "connection",
      code: "unreachable",
      message: "The backend at http://backend.test cannot be reached.",
    });
  });

  it("passes the caller's abort on as an abort", async () => {
    const { client } = setUp([]);
    const signal = AbortSignal.abort();
    await expect(client.call(read, { signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("describeFailure", () => {
  it("names the status of a refusal as its code", () => {
    expect(describeFailure(new ApiFailure("refused", "no", { status: 500 })).code).toBe("http_500");
  });

  it("hides the text of an unknown error", () => {
    expect(JSON.stringify(describeFailure(new Error("secret detail")))).not.toContain("secret");
  });
});
