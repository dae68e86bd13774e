/** The gate in front of a handler of `fetch`; tests/contract/aauth attacks it. */

import { describe, expect, test, vi } from "vitest";
import { protect, serveResource } from "../../src/gates/fetch.ts";
import type { TestRequest } from "../../src/testing/signed-request.ts";
import { RESOURCE } from "../draft-11/kit.ts";
import { resourceOf, signed, TO_READ } from "./kit.ts";

const BODY = '{"month":"2026-11"}';
const resource = resourceOf();

/** As a `fetch` server passes it; its `Host` can name anything. */
const fetched = ({ method, target, headers, body }: TestRequest, init: RequestInit = {}): Request =>
  new Request(`http://other.example${target}`, {
    method,
    headers,
    body: (body as Uint8Array<ArrayBuffer> | undefined) ?? null,
    ...init,
  });
const streamed = (stream: ReadableStream) => ({ body: stream, duplex: "half" }) as RequestInit;

describe("a gate of fetch", () => {
  test("passes a signed request on, with its caller and the same body", async () => {
    const gate = protect(resource, TO_READ, async (request, caller) =>
      Response.json([caller.person.sub, caller.grant.scopes, await request.text(), request.method]),
    );
    const response = await gate(fetched(await signed({ method: "POST", body: BODY })));
    expect(await response.json()).toEqual(["person-1", ["data.read"], BODY, "POST"]);
    expect(await (await gate(fetched(await signed()))).json()).toEqual([
      "person-1",
      ["data.read"],
      "",
      "GET",
    ]);
  });

  test("accepts a framework's proxy of its request, as Next passes it", async () => {
    const gate = protect(resource, TO_READ, async (request) => new Response(await request.text()));
    const request = fetched(await signed({ method: "POST", body: BODY }));
    const proxied = new Proxy(request, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    expect(await (await gate(proxied)).text()).toBe(BODY);
  });

  test("hands further arguments of the server to the handler", async () => {
    const gate = protect(resource, TO_READ, (_request, _caller, env: { name: string }) =>
      Response.json(env.name),
    );
    expect(await (await gate(fetched(await signed()), { name: "own" })).json()).toBe("own");
  });

  test("challenges an unsigned request, and never calls the handler", async () => {
    const handler = vi.fn(() => new Response());
    const response = await protect(resource, TO_READ, handler)(new Request(`${RESOURCE}/data`));
    expect([response.status, response.headers.get("aauth-requirement")]).toEqual([
      401,
      "requirement=person-token",
    ]);
    expect(handler).not.toHaveBeenCalled();
  });

  test("a query that is a question mark alone is verified as it came", async () => {
    const gate = protect(resource, TO_READ, () => new Response("read"));
    const request = await signed({ url: `${RESOURCE}/data?`, additionalComponents: ["@query"] });
    expect((await gate(fetched(request))).status).toBe(200);
  });

  test("E14: the handler sees the resource's address, whatever Host the request came with", async () => {
    const gate = protect(resource, TO_READ, ({ url, headers }) => Response.json([url, headers.get("host")]));
    const request = await signed({ url: `${RESOURCE}/data?a=%41`, additionalComponents: ["@query"] });
    const headers = { ...request.headers, host: "evil.example" };
    const [url, host] = (await (await gate(fetched(request, { headers }))).json()) as string[];
    expect([url, host]).toEqual([`${RESOURCE}/data?a=%41`, new URL(RESOURCE).host]);
  });
});

describe("bodies at a gate of fetch", () => {
  const gate = protect(resource, TO_READ, () => new Response("read"), { maxBodyBytes: 32 });
  const sending = async (stream: ReadableStream, headers = {}) => {
    const request = await signed({ method: "POST", body: BODY });
    const { "content-length": _, ...own } = request.headers;
    return fetched({ ...request, headers: { ...own, ...headers } }, streamed(stream));
  };

  test("answers 413 if the declared length is too large, and reads nothing", async () => {
    const pull = vi.fn();
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    const response = await gate(await sending(stream, { "content-length": "33" }));
    const { detail } = (await response.json()) as { detail: string };
    expect([response.status, detail]).toEqual([413, "the body has more than 32 bytes"]);
    expect(pull).not.toHaveBeenCalled();
  });

  test("answers 413 to one without end, and cancels it", async () => {
    const cancel = vi.fn();
    const stream = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(8)), cancel });
    expect((await gate(await sending(stream))).status).toBe(413);
    expect(cancel).toHaveBeenCalledOnce();
  });

  test("answers 408 to one that never comes, and cancels it", async () => {
    const cancel = vi.fn();
    const quick = protect(resource, TO_READ, () => new Response("read"), { bodyTimeoutMs: 50 });
    expect((await quick(await sending(new ReadableStream({ cancel })))).status).toBe(408);
    expect(cancel).toHaveBeenCalledOnce();
  });

  test("answers 400 to one that breaks", async () => {
    const stream = new ReadableStream({ pull: (to) => to.error(new Error("reset")) });
    expect((await gate(await sending(stream))).status).toBe(400);
  });

  test("answers 500 where the body has been read before, and reports it", async () => {
    const observer = vi.fn();
    const handler = vi.fn(() => new Response());
    const request = fetched(await signed({ method: "POST", body: BODY }));
    await request.text();
    expect((await protect({ ...resource, observer }, TO_READ, handler)(request)).status).toBe(500);
    expect(observer.mock.calls).toMatchObject([
      [
        { error: { message: expect.stringContaining("the body was read before the AAuth gate") } },
        { method: "POST" },
      ],
    ]);
    expect(handler).not.toHaveBeenCalled();
  });

  test("never reads the body of a request that is refused by its head", async () => {
    const pull = vi.fn();
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    expect((await gate(await sending(stream, { signature: "sig=:AAAA:" }))).status).toBe(401);
    expect(pull).not.toHaveBeenCalled();
  });
});

describe("errors at a gate of fetch", () => {
  test.each([
    [undefined, /./],
    [{ level: "nobody" }, /./],
    [{ level: "auth-token", scopes: ["unknown.scope"] }, /unknown\.scope/],
  ])("the requirement %j is refused before the first request", (requirement, message) => {
    expect(() => protect(resource, requirement as never, () => new Response())).toThrow(message);
  });

  test.each([
    { maxBodyBytes: Number.NaN },
    { maxBodyBytes: -1 },
    { bodyTimeoutMs: 0 },
    { bodyTimeoutMs: 2 ** 31 },
  ])("bounds without an effect are refused: %j", (bounds) => {
    expect(() => protect(resource, TO_READ, () => new Response(), bounds)).toThrow(RangeError);
    expect(() => serveResource(resource, bounds)).toThrow(RangeError);
  });
});

describe("documents and endpoints", () => {
  test("are answered by the gate, and by serveResource, which leaves all else", async () => {
    const own = serveResource(resource);
    const gate = protect(resource, TO_READ, () => new Response("never"));
    for (const serve of [own, gate]) {
      const document = await serve(new Request("http://any.example/.well-known/aauth-resource.json"));
      expect(await document?.json()).toMatchObject({ issuer: RESOURCE });
      const revoke = await serve(
        new Request("http://any.example/aauth/revoke", { method: "POST", body: "x".repeat(9_000) }),
      );
      expect(revoke?.status).toBe(413);
    }
    const request = new Request("http://any.example/data", { method: "POST", body: BODY });
    expect(await own(request)).toBeUndefined();
    expect(await request.text()).toBe(BODY);
  });
});
