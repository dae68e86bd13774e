import { createServer } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BodyBudget } from "../src/proxy/body-budget.ts";
import { startFakeServer } from "./support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "./support/gateway-under-test.ts";
import { send } from "./support/http-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

test.skipIf(isRealGateway)("listens on loopback", async () => {
  const gateway = await startGateway(oneRoute("127.0.0.1:9"));
  cleanUps.push(gateway.close);
  expect(new URL(gateway.url).hostname).toBe("127.0.0.1");
});

test.skipIf(isRealGateway)("a request that cannot be recorded does not stop the service", async () => {
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

test.skipIf(isRealGateway)("an unexpected failure is 500, and its words stay in the log", async () => {
  const agent = await startFakeServer();
  const gateway = await startGateway(oneRoute(agent.address));
  cleanUps.push(agent.close, gateway.close);
  vi.spyOn(BodyBudget.prototype, "hold").mockImplementationOnce(() => {
    throw new Error("no room on /dev/secret");
  });
  const answer = await send({ port: gateway.port, method: "POST", body: "{}" });
  expect(answer).toMatchObject({ status: 500, body: "internal error" });
  expect(gateway.lines.join("\n")).toContain("a request failed inside the gateway");
  await vi.waitFor(() => expect(gateway.lines.at(-1)).toMatch(/http\.status=500 .* reason=Internal /));
  expect((await send({ port: gateway.port })).body).toBe("ok");
  expect(agent.seen).toHaveLength(1);
});

describe("start", () => {
  test.skipIf(isRealGateway)("a taken port fails the start", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const [bind] = oneRoute("127.0.0.1:9").binds;
    await expect(startGateway({ binds: [{ ...bind, port }] } as never)).rejects.toThrow(/EADDRINUSE/);
  });

  test("the end closes the port", async () => {
    const gateway = await startGateway(oneRoute("127.0.0.1:9"));
    await gateway.close();
    await expect(send({ port: gateway.port })).rejects.toThrow(/ECONNREFUSED/);
  });

  test.skipIf(isRealGateway)("stopping waits for an answer in progress", async () => {
    const agent = await startFakeServer((_, response) => void setTimeout(() => response.end("late"), 200));
    const gateway = await startGateway(oneRoute(agent.address));
    cleanUps.push(agent.close);
    const answer = send({ port: gateway.port });
    await vi.waitFor(() => expect(agent.seen).toHaveLength(1));
    await gateway.close();
    expect((await answer).body).toBe("late");
  });
});
