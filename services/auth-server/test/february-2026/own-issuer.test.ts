import type { Discovery, DiscoveryKind } from "aauth";
import { february2026 } from "aauth/february-2026";
import { expect, test } from "vitest";
import { knowOwnIssuer } from "../../src/february-2026/own-issuer.ts";

const { kinds } = february2026.documents;
const ISSUER = "http://localhost:8080/realms/aauth-test";

test("this server answers for its own keys, as issuer and under its own name only; all else is asked for", async () => {
  const asked: string[] = [];
  const elsewhere = async (what: string, kind: DiscoveryKind, id: string) => {
    asked.push(`${what} ${kind.name} ${id}`);
    return { keys: [], jwk: { kid: "theirs" }, source: "discovery" };
  };
  const discovery = knowOwnIssuer(
    {
      key: (kind: DiscoveryKind, id: string) => elsewhere("key", kind, id),
      keys: (kind: DiscoveryKind, id: string) => elsewhere("keys", kind, id),
      replacedKey: (kind: DiscoveryKind, id: string) => elsewhere("replaced", kind, id),
    } as unknown as Discovery,
    ISSUER,
    { publicJwks: [{ kid: "ours" }] } as never,
  );
  expect((await discovery.key(kinds.issuer, ISSUER, "ours")).jwk.kid).toBe("ours");
  await expect(discovery.key(kinds.issuer, ISSUER, "other")).rejects.toMatchObject({ code: "unknown_key" });
  expect((await discovery.keys(kinds.issuer, ISSUER)).keys).toEqual([{ kid: "ours" }]);
  expect(await discovery.replacedKey(kinds.issuer, ISSUER, "ours", {} as never)).toBeUndefined();
  expect(asked).toEqual([]);

  const others = [
    [kinds.issuer, `${ISSUER}2`],
    [kinds.agent, ISSUER],
    [kinds.resource, ISSUER],
  ] as const;
  for (const [kind, id] of others) {
    expect((await discovery.key(kind, id, "ours")).jwk.kid).toBe("theirs");
    expect((await discovery.keys(kind, id)).keys).toEqual([]);
    expect(await discovery.replacedKey(kind, id, "ours", {} as never)).toMatchObject({ source: "discovery" });
  }
  expect(asked).toEqual(
    others.flatMap(([kind, id]) => ["key", "keys", "replaced"].map((what) => `${what} ${kind.name} ${id}`)),
  );
});
