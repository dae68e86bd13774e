import type { Discovery } from "aauth";
import { expect, test } from "vitest";
import { knowOwnIssuer } from "../src/own-issuer.ts";

const ISSUER = "http://localhost:8080/realms/aauth-test";

test("this server answers for its own keys, as issuer and under its own name only; all else is asked for", async () => {
  const asked: string[] = [];
  const elsewhere = async (what: string, kind: string, id: string) => {
    asked.push(`${what} ${kind} ${id}`);
    return { keys: [], jwk: { kid: "theirs" }, source: "discovery" };
  };
  const discovery = knowOwnIssuer(
    {
      key: (kind: string, id: string) => elsewhere("key", kind, id),
      keys: (kind: string, id: string) => elsewhere("keys", kind, id),
      replacedKey: (kind: string, id: string) => elsewhere("replaced", kind, id),
    } as unknown as Discovery,
    ISSUER,
    { publicJwks: [{ kid: "ours" }] } as never,
  );
  expect((await discovery.key("issuer", ISSUER, "ours")).jwk.kid).toBe("ours");
  await expect(discovery.key("issuer", ISSUER, "other")).rejects.toMatchObject({ code: "unknown_key" });
  expect((await discovery.keys("issuer", ISSUER)).keys).toEqual([{ kid: "ours" }]);
  expect(await discovery.replacedKey("issuer", ISSUER, "ours", {} as never)).toBeUndefined();
  expect(asked).toEqual([]);

  const others = [
    ["issuer", `${ISSUER}2`],
    ["agent", ISSUER],
    ["resource", ISSUER],
  ] as const;
  for (const [kind, id] of others) {
    expect((await discovery.key(kind, id, "ours")).jwk.kid).toBe("theirs");
    expect((await discovery.keys(kind, id)).keys).toEqual([]);
    expect(await discovery.replacedKey(kind, id, "ours", {} as never)).toMatchObject({ source: "discovery" });
  }
  expect(asked).toEqual(
    others.flatMap(([kind, id]) => ["key", "keys", "replaced"].map((what) => `${what} ${kind} ${id}`)),
  );
});
