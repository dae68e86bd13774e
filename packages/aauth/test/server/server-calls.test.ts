import { expect, it } from "vitest";
import { createServerCalls } from "../../src/server/server-calls.ts";
import { keys, NOW, PERSON_SERVER } from "../draft-11/kit.ts";

it("distinguishes equal requests of one second by a nonce, section 11.3.3.2", async () => {
  const sent: string[] = [];
  const call = createServerCalls({
    issuer: PERSON_SERVER,
    kind: "person",
    key: () => keys.person,
    discovery: {},
    now: () => NOW,
    async transport(_url, { headers }) {
      sent.push(/;created=.*/.exec(headers["signature-input"] ?? "")?.[0] ?? "");
      return new Response(null, { status: 200 });
    },
  });
  const equal = { method: "POST", url: "https://as.example/token", endpoint: "token", body: {} } as const;
  for (let count = 0; count < 2; count++) await call(equal);
  const parameters = expect.stringMatching(new RegExp(`^;created=${NOW};nonce="[A-Za-z0-9_-]{22}"$`));
  expect(sent).toEqual([parameters, parameters]);
  expect(sent[0]).not.toBe(sent[1]);
});

it("sends no revocation over plain http", async () => {
  const sent: string[] = [];
  const call = createServerCalls({
    issuer: PERSON_SERVER,
    kind: "person",
    key: () => keys.person,
    discovery: {},
    now: () => NOW,
    async transport(url) {
      sent.push(url);
      return new Response();
    },
  });
  const revocation = {
    method: "POST",
    url: "http://resource.example/revoke",
    endpoint: "revocation",
  } as const;
  await expect(call(revocation)).rejects.toMatchObject({ code: "discovery_blocked" });
  expect(sent).toEqual([]);
});
