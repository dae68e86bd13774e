import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../../../tests/support/free-ports.ts";
import { watchFile } from "../src/ports/watch-file.ts";
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
    await expect(gateway.reload(oneRoute(two.address, { aauth: {} }))).rejects.toThrow(/unknown key aauth/);
    await expect(
      gateway.reload(oneRoute(two.address, { authorization: { rules: ["1 +"] } })),
    ).rejects.toThrow(/not valid CEL/);
    expect(await body()).toBe("one");
  });

  test.skipIf(isRealGateway)("a port that cannot be opened changes nothing", async () => {
    const { two, gateway, body } = await setUp();
    const document = oneRoute(two.address);
    const free = await freePort();
    const more = [free, two.port].map((port) => ({ port, ...document.binds[0] }));
    const taken = { binds: [...document.binds, ...more] } as never;
    await expect(gateway.reload(taken)).rejects.toThrow(/EADDRINUSE/);
    expect(await body()).toBe("one");
    // Nor does the port stay open that was opened before it.
    await expect(send({ port: free })).rejects.toThrow(/ECONNREFUSED/);
  });

  test.skipIf(isRealGateway)(
    "a port that is in the file no longer is closed, and can come back",
    async () => {
      const { one, two, gateway, body } = await setUp();
      const port = await freePort();
      const document = oneRoute(one.address);
      const withMore = {
        binds: [...document.binds, { port, ...oneRoute(two.address).binds[0] }],
      } as never;
      for (let round = 0; round < 2; round++) {
        await gateway.reload(withMore);
        expect((await send({ port })).body).toBe("two");
        await gateway.reload(document);
        await expect(send({ port })).rejects.toThrow(/ECONNREFUSED/);
        expect(await body()).toBe("one");
      }
    },
  );

  test.skipIf(isRealGateway)(
    "of two in a row the later one stays, however long the first one takes",
    async () => {
      const { one, two, gateway, body } = await setUp();
      const document = oneRoute(one.address);
      const slower = {
        binds: [...document.binds, { port: await freePort(), ...document.binds[0] }],
      } as never;
      await Promise.all([gateway.reload(slower), gateway.reload(oneRoute(two.address))]);
      expect(await body()).toBe("two");
    },
  );

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

  test("tracing that a reload adds is not there: no trace is begun that nobody records", async () => {
    const { one, gateway, body } = await setUp();
    const tracing = { otlpEndpoint: "http://127.0.0.1:9", otlpProtocol: "http", randomSampling: true };
    const before = one.seen.length;
    await gateway.reload(oneRoute(one.address, { a2a: {} }, { config: { tracing } }));
    const dump = async () => (await (await fetch(`${gateway.adminUrl}/config_dump`)).json()) as object;
    if (!isRealGateway) await vi.waitFor(async () => expect(JSON.stringify(await dump())).toContain("a2a"));
    else await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await body()).toBe("one");
    expect(one.seen.at(before)!.headers.traceparent).toBeUndefined();
    expect(gateway.spans).toEqual([]);
    expect(JSON.stringify(await dump())).not.toContain('127.0.0.1:9"');
  });
});

describe("watchFile", () => {
  test("sees a write and a rename, not a text that is the same", async () => {
    const folder = mkdtempSync(join(tmpdir(), "watch-file-"));
    const path = join(folder, "config.yaml");
    writeFileSync(path, "one");
    const texts: string[] = [];
    const missing: unknown[] = [];
    const problems: unknown[] = [];
    const stop = watchFile(path, "one", {
      onChange: (text) => texts.push(text),
      onUnreadable: (error) => missing.push(error),
      onProblem: (error) => problems.push(error),
    });
    cleanUps.push(() => rmSync(folder, { recursive: true }), stop);
    writeFileSync(path, "one");
    writeFileSync(path, "two");
    await vi.waitFor(() => expect(texts).toEqual(["two"]), { timeout: 3000 });
    writeFileSync(join(folder, "next"), "three");
    renameSync(join(folder, "next"), path);
    await vi.waitFor(() => expect(texts).toEqual(["two", "three"]), { timeout: 3000 });
    rmSync(path);
    await vi.waitFor(() => expect(missing).toHaveLength(1), { timeout: 3000 });
    writeFileSync(path, "four");
    await vi.waitFor(() => expect(texts.at(-1)).toBe("four"), { timeout: 3000 });
    expect(problems).toEqual([]);
  });

  test("a folder that is not there is a problem, not a crash", () => {
    const problems: unknown[] = [];
    const nothing = () => {};
    const handlers = {
      onChange: nothing,
      onUnreadable: nothing,
      onProblem: (error: unknown) => problems.push(error),
    };
    watchFile("/nowhere/at/all/config.yaml", "", handlers)();
    expect(problems).toHaveLength(1);
  });
});
