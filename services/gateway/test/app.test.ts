import { createServer } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { freePorts } from "../../../tests/support/free-ports.ts";
import { startFakeServer } from "./support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "./support/gateway-under-test.ts";
import { send } from "./support/http-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe("own ports", () => {
  test("readiness, metrics and the resolved configuration", async () => {
    const agent = await startFakeServer();
    const gateway = await startGateway(oneRoute(agent.address));
    cleanUps.push(agent.close, gateway.close);
    await send({ port: gateway.port });
    for (const method of ["GET", "HEAD"]) {
      expect((await fetch(`${gateway.readinessUrl}/healthz/ready`, { method })).status).toBe(200);
    }
    const page = await fetch(`${gateway.adminUrl}/config_dump`);
    expect(page.headers.get("content-type")).toMatch(/^application\/json/);
    expect(JSON.stringify(await page.json())).toContain("agent");
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${gateway.statsUrl}/metrics`)).text();
      expect(metrics).toMatch(/^agentgateway_requests_total\{.*status="200".*\} 1$/m);
    });
  });

  test.skipIf(isRealGateway)("answer nothing else", async () => {
    const gateway = await startGateway(oneRoute("127.0.0.1:9"));
    cleanUps.push(gateway.close);
    for (const url of [
      `${gateway.adminUrl}/`,
      `${gateway.statsUrl}/config_dump`,
      `${gateway.readinessUrl}/__proto__`,
    ]) {
      expect((await fetch(url)).status).toBe(404);
    }
    expect((await fetch(`${gateway.adminUrl}/config_dump`, { method: "POST" })).status).toBe(404);
  });

  describe.skipIf(isRealGateway)("under the name of a web page that was pointed here (DNS rebinding)", () => {
    const portOf = (url: string) => Number(new URL(url).port);
    const started = async () => {
      const gateway = await startGateway(oneRoute("127.0.0.1:9"), {
        limits: { adminHosts: ["gateway.example.org"] },
      });
      cleanUps.push(gateway.close);
      const admin = { port: portOf(gateway.adminUrl), path: "/config_dump" };
      const stats = { port: portOf(gateway.statsUrl), path: "/metrics" };
      return { gateway, admin, stats };
    };

    test("admin and stats answer nothing, with a code", async () => {
      const { admin, stats } = await started();
      for (const page of [admin, stats]) {
        for (const method of ["GET", "HEAD", "OPTIONS"]) {
          const answer = await send({ ...page, method, host: "rebound.evil.example:15000" });
          expect(answer.status).toBe(421);
          expect(answer.headers["content-type"]).toContain("application/problem+json");
          if (method === "GET") {
            expect(JSON.parse(answer.body)).toMatchObject({ status: 421, code: "unknown_host" });
          }
        }
      }
    });

    test("they answer under names that no stranger's page can have, and under those they were given", async () => {
      const { admin, stats } = await started();
      for (const page of [admin, stats]) {
        for (const host of ["localhost:1", "gateway.localhost", "127.0.0.1", "agentgateway:15000"]) {
          expect((await send({ ...page, host })).status).toBe(200);
        }
        expect((await send({ ...page, host: "gateway.example.org:15000" })).status).toBe(200);
      }
    });

    test("readiness, which says nothing else, is answered all the same", async () => {
      const { gateway } = await started();
      const ready = { port: portOf(gateway.readinessUrl), path: "/healthz/ready" };
      expect((await send({ ...ready, host: "gateway.prod.example" })).status).toBe(200);
    });
  });

  test.skipIf(isRealGateway)("listen on loopback", async () => {
    const gateway = await startGateway(oneRoute("127.0.0.1:9"));
    cleanUps.push(gateway.close);
    for (const url of [gateway.url, gateway.adminUrl, gateway.statsUrl, gateway.readinessUrl]) {
      expect(new URL(url).hostname).toBe("127.0.0.1");
    }
  });
});

test.skipIf(isRealGateway)("a request that cannot be recorded ends nothing", async () => {
  const agent = await startFakeServer();
  let calls = 0;
  const onLine = () => {
    if (++calls === 1) throw new Error("no room");
  };
  const gateway = await startGateway(oneRoute(agent.address), { onLine });
  cleanUps.push(agent.close, gateway.close);
  for (const path of ["/1", "/2"]) expect((await send({ port: gateway.port, path })).status).toBe(200);
  await vi.waitFor(() => expect(gateway.lines.join("\n")).toContain("http.path=/2"));
  expect(gateway.lines.join("\n")).toContain("a request could not be recorded");
});

test.skipIf(isRealGateway)("what nobody has thought of is 500, and its words stay in the log", async () => {
  const agent = await startFakeServer();
  let failsIn = Number.POSITIVE_INFINITY;
  const nowMs = () => {
    failsIn -= 1;
    if (failsIn === 0) throw new Error("no clock on /dev/secret");
    return Date.now();
  };
  const localRateLimit = [{ maxTokens: 9, tokensPerFill: 1, fillInterval: "1h" }];
  const gateway = await startGateway(oneRoute(agent.address, { localRateLimit }), { nowMs });
  cleanUps.push(agent.close, gateway.close);
  // The request's start is the first time that it is asked for, its token the second.
  failsIn = 2;
  expect(await send({ port: gateway.port })).toMatchObject({ status: 500, body: "internal error" });
  expect(gateway.lines.join("\n")).toContain("a request failed inside the gateway");
  await vi.waitFor(() => expect(gateway.lines.at(-1)).toMatch(/http\.status=500 .* reason=Internal /));
  expect((await send({ port: gateway.port })).body).toBe("ok");
  expect(agent.seen).toHaveLength(1);
});

describe("start", () => {
  test.skipIf(isRealGateway)("a bad configuration opens no port", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    cleanUps.push(() => new Promise((resolve) => blocker.close(resolve)));
    await expect(startGateway(oneRoute("127.0.0.1:9", { aauth: {} }))).rejects.toThrow(
      /test\.yaml:\d+ .*aauth/,
    );
  });

  test.skipIf(isRealGateway)("a taken own port fails the start and frees the rest", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const [bind, admin] = await freePorts(2);
    const limits = { adminAddress: `127.0.0.1:${admin}`, statsAddress: `127.0.0.1:${port}` };
    const [first] = oneRoute("127.0.0.1:9").binds;
    const file = { binds: [{ ...first, port: bind }] } as const;
    await expect(startGateway(file, { limits })).rejects.toThrow(/EADDRINUSE/);
    for (const freed of [bind!, admin!]) await expect(send({ port: freed })).rejects.toThrow(/ECONNREFUSED/);
  });

  test("the end closes every port", async () => {
    const gateway = await startGateway(oneRoute("127.0.0.1:9"));
    await gateway.close();
    for (const url of [gateway.url, gateway.adminUrl, gateway.statsUrl, gateway.readinessUrl]) {
      await expect(send({ port: Number(new URL(url).port) })).rejects.toThrow(/ECONNREFUSED/);
    }
  });

  test.skipIf(isRealGateway)("stopping waits for an answer under way", async () => {
    const agent = await startFakeServer((_, response) => void setTimeout(() => response.end("late"), 200));
    const gateway = await startGateway(oneRoute(agent.address));
    cleanUps.push(agent.close);
    const answer = send({ port: gateway.port });
    await vi.waitFor(() => expect(agent.seen).toHaveLength(1));
    await gateway.close();
    expect((await answer).body).toBe("late");
  });
});
