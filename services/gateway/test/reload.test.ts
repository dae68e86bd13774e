import { afterEach, describe, expect, test, vi } from "vitest";
import { startFakeServer } from "./support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "./support/gateway-under-test.ts";
import { send } from "./support/http-client.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function setUp() {
  const one = await startFakeServer((_, response) => response.end("one"));
  const two = await startFakeServer((_, response) => response.end("two"));
  const gateway = await startGateway(oneRoute(one.address));
  cleanUps.push(one.close, two.close, () => gateway.close());
  const body = async () => (await send({ port: gateway.port })).body;
  return { one, two, gateway, body };
}

describe("reload", () => {
  test("routes change, the port stays", async () => {
    const { two, gateway, body } = await setUp();
    expect(await body()).toBe("one");
    await gateway.reload(oneRoute(two.address));
    await vi.waitFor(async () => expect(await body()).toBe("two"), { timeout: 5000 });
  });

  test.skipIf(isRealGateway)("an invalid file changes nothing and is reported", async () => {
    const { two, gateway, body } = await setUp();
    await expect(
      gateway.reload(oneRoute(two.address, { authorization: { rules: ["1 +"] } })),
    ).rejects.toThrow(/not valid CEL/);
    expect(await body()).toBe("one");
  });

  test.skipIf(isRealGateway)("reports that the config section needs a restart", async () => {
    const { one, gateway } = await setUp();
    const warned = () => gateway.lines.filter((line) => line.includes("restart to apply"));
    await gateway.reload(oneRoute(one.address, { a2a: {} }));
    expect(warned()).toEqual([]);
    await gateway.reload(oneRoute(one.address, {}, { logging: { fields: { add: { one: "1" } } } }));
    expect(warned()).toHaveLength(1);
  });
});
