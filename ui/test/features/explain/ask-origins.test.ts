import { draft11 } from "aauth";
import { expect, test, vi } from "vitest";
import { AskedOrigins } from "../../../src/features/explain/ask-origins.ts";

const KEYS = {
  keys: [{ kty: "OKP", crv: "Ed25519", x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs", kid: "a" }],
};
const { agent } = draft11.documents.kinds;
const fetched = () =>
  vi
    .spyOn(globalThis, "fetch")
    .mockImplementation(async (url) =>
      Response.json(
        String(url).endsWith("jwks.json")
          ? KEYS
          : { issuer: "https://agent.example", jwks_uri: "https://keys.example/jwks.json" },
      ),
    );

test("R12: no origin is asked before its user has named it", async () => {
  const calls = fetched();
  const asked = new AskedOrigins(new Set(["https://agent.example"]), new Map());
  await expect(asked.discovery.key(agent, "https://agent.example", "a")).rejects.toMatchObject({
    code: "discovery_failed",
  });
  expect(calls.mock.calls.map(([url]) => url)).toEqual([
    "https://agent.example/.well-known/aauth-agent.json",
  ]);
  expect([...asked.wanted.values()]).toEqual([
    { url: "https://keys.example/jwks.json", origin: "https://keys.example" },
  ]);
});

test("asks by https alone, without credentials, referrer and redirects", async () => {
  const calls = fetched();
  const read = new Map();
  const origins = new Set(["https://agent.example", "https://keys.example", "http://agent.example"]);
  const asked = new AskedOrigins(origins, read);
  expect((await asked.discovery.key(agent, "https://agent.example", "a")).jwk).toMatchObject({ kid: "a" });
  for (const [, init] of calls.mock.calls)
    expect(init).toMatchObject({ credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
  expect(await asked.document("http://agent.example/keys")).toBeUndefined();
  expect(calls).toHaveBeenCalledTimes(2);
  // What was read is not fetched again.
  await new AskedOrigins(new Set(), read).discovery.key(agent, "https://agent.example", "a");
  expect(calls).toHaveBeenCalledTimes(2);
});

test("a key that the party does not publish is its refusal, and no missing document", async () => {
  fetched();
  const asked = new AskedOrigins(new Set(["https://agent.example", "https://keys.example"]), new Map());
  const key = asked.discovery.key(agent, "https://agent.example", "other");
  await expect(key).rejects.toMatchObject({ code: "unknown_key" });
  expect(asked.wanted.size).toBe(0);
});
