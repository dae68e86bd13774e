/** A `Content-Type` that is not a media type, which is parsed before any caller is proven. */

import { describe, expect, test } from "vitest";
import { startWorld } from "./world.ts";

const { server } = await startWorld();
const MALFORMED = ["garbage", "///", "garbage, application/x-www-form-urlencoded"];

describe.each(MALFORMED)("A18: a malformed Content-Type, %s", (type) => {
  const headers = { "content-type": type, accept: "application/json" };

  test("is refused by every endpoint that takes a form", async () => {
    for (const url of [server.tokenEndpoint, server.revocationEndpoint, `${server.authEndpoint}/consent`]) {
      const reply = await fetch(url, { method: "POST", headers, body: "a=b" });
      expect([url, reply.status]).toEqual([url, 415]);
      // An error with a code, in either server's words, and never a page with a stack trace.
      expect(reply.headers.get("content-type")).toMatch(/^application\/(problem\+)?json/);
    }
  });

  test("is ignored by endpoints that read no body", async () => {
    const documents = [
      `${server.issuer}/.well-known/aauth-issuer`,
      `${server.issuer}/protocol/aauth/certs`,
      `${server.issuer}/.well-known/openid-configuration`,
    ];
    for (const url of documents) expect([url, (await fetch(url, { headers })).status]).toEqual([url, 200]);
    expect((await fetch(`${server.issuer}/nothing`, { headers })).status).toBe(404);
  });
});
