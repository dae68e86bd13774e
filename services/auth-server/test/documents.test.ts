import { expect, test } from "vitest";
import { startInjected } from "./support/auth-server.ts";

test("any page may read the documents, but no page of another origin an answer with a token", async () => {
  const { app } = await startInjected();
  const realm = "/realms/aauth-test";
  const headers = { origin: "http://evil.example", "content-type": "application/x-www-form-urlencoded" };
  const allowed = async (path: string, form?: string) => {
    const request = { url: realm + path, headers };
    const reply = await app.inject(form ? { ...request, method: "POST", payload: form } : request);
    expect(reply.headers["access-control-allow-credentials"]).toBeUndefined();
    return reply.headers["access-control-allow-origin"];
  };
  for (const path of ["", "/protocol/openid-connect/certs", "/protocol/aauth/certs"])
    expect(await allowed(path)).toBe("*");
  const grant = "grant_type=password&client_id=supply-chain-ui&username=mcp-user&password=user123";
  expect(await allowed("/protocol/openid-connect/token", grant)).toBeUndefined();
  expect(await allowed("/protocol/aauth/agent/token", "request_type=auth")).toBeUndefined();
});
