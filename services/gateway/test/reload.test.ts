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

  test.skipIf(isRealGateway)("a bad file changes nothing and says why", async () => {
    const { two, gateway, body } = await setUp();
    await expect(gateway.reload(oneRoute(two.address, { aauth: {} }))).rejects.toThrow(
      /key aauth is unknown/,
    );
    await expect(
      gateway.reload(oneRoute(two.address, { authorization: { rules: ["1 +"] } })),
    ).rejects.toThrow(/not valid CEL/);
    expect(await body()).toBe("one");
  });

  test.skipIf(isRealGateway)(
    "policies are in force at once, and requests under way keep theirs",
    async () => {
      const { one, gateway, body } = await setUp();
      await gateway.reload(oneRoute(one.address, { authorization: { rules: ["false"] } }));
      expect(await body()).toBe("authorization failed");
    },
  );

  test.skipIf(isRealGateway)("the config section takes a restart, and says so", async () => {
    const { one, gateway, body } = await setUp();
    const warned = () => gateway.lines.filter((line) => line.includes("takes a restart"));
    await gateway.reload(oneRoute(one.address, { a2a: {} }));
    expect(warned()).toEqual([]);
    await gateway.reload(oneRoute(one.address, {}, { config: { logging: { format: "json" } } }));
    expect(warned()).toHaveLength(1);
    await body();
    await vi.waitFor(() => expect(gateway.lines.at(-1)).toMatch(/^\S+\tinfo\trequest /));
  });

  test.skipIf(isRealGateway)("so does another port; the others change", async () => {
    const { two, gateway, body } = await setUp();
    const { binds } = oneRoute(two.address);
    await gateway.reload({ binds: [...binds, { ...binds[0], port: 1 }] } as never);
    expect(gateway.lines.join("\n")).toContain("takes a restart");
    expect(await body()).toBe("two");
  });
});
