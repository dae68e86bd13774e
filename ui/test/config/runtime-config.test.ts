import { describe, expect, it } from "vitest";
import { grantsPageUrl, loadRuntimeConfig } from "../../src/config/runtime-config.ts";

const config = { backendUrl: "http://b.test", authServerUrl: "http://a.test/realms/r", clientId: "ui" };

describe("loadRuntimeConfig", () => {
  it("returns a good configuration", async () => {
    expect(await loadRuntimeConfig(async () => Response.json(config))).toEqual(config);
  });

  it("lists every problem, one a line", async () => {
    const answer = async () => Response.json({ backendUrl: "javascript:alert(1)", authServerUrl: 3 });
    const error = await loadRuntimeConfig(answer).catch((reason: Error) => reason);
    const lines = error instanceof Error ? error.message.split("\n") : [];
    expect(lines.map((line) => line.split(":")[0])).toEqual(["backendUrl", "authServerUrl", "clientId"]);
  });

  it("reports a missing configuration", async () => {
    await expect(loadRuntimeConfig(async () => new Response("", { status: 404 }))).rejects.toThrow(
      "status 404",
    );
    await expect(loadRuntimeConfig(async () => new Response("<html>"))).rejects.toThrow("/config.json:");
  });
});

it("knows the page of grants where a person server grants", () => {
  const draft11 = { ...config, profile: "draft-11", personServerUrl: "http://p.test" } as const;
  expect(grantsPageUrl({ ...draft11, mode: "federated" })).toBe("http://p.test/granted");
  expect(grantsPageUrl({ ...draft11, mode: "agent-identity" })).toBeUndefined();
  expect(grantsPageUrl(config)).toBeUndefined();
});
