/** What docs/reference/endpoints.md says of a route without a declared level is what the route does, and changes with it. */
import Fastify from "fastify";
import { expect, test } from "vitest";
import { askedAccess, userTokenOf } from "../../scripts/docs/asked-access.ts";
import { startInjected } from "../../services/auth-server/test/support/auth-server.ts";

const REALM = "/realms/aauth-test";
const noUser = async () => undefined;

test.each([
  ["POST", `${REALM}/protocol/aauth/agent/token`, "signature of the agent (profile 6.1)"],
  [
    "POST",
    `${REALM}/protocol/aauth/agent/auth/consent`,
    "a browser, signed in; `consent_code` (profile 6.5)",
  ],
  ["GET", `${REALM}/protocol/openid-connect/userinfo`, "an access token"],
  ["GET", "/admin/realms/aauth-test", "the administrator's token"],
  ["GET", `${REALM}/protocol/aauth/certs`, "nothing"],
])("%s %s", async (method, url, words) => {
  const { app } = await startInjected();
  expect(await askedAccess(app, method, url, () => userTokenOf(app))).toBe(words);
});

test("a route that has stopped checking is shown as open, one that refuses in other words as refusing", async () => {
  const app = Fastify();
  app.post("/agent/token", async () => ({ auth_token: "for anybody" }));
  app.get("/admin", async (_request, reply) => reply.code(403).send("no"));
  expect(await askedAccess(app, "POST", "/agent/token", noUser)).toBe("nothing");
  expect(await askedAccess(app, "GET", "/admin", noUser)).toBe("refused with 403");
});

test("a route for administrators that any user may use is shown as one for users", async () => {
  const app = Fastify();
  app.get("/admin", async (request, reply) => {
    if (request.headers.authorization !== undefined) return {};
    return reply.code(401).header("www-authenticate", "Bearer").send({});
  });
  expect(await askedAccess(app, "GET", "/admin", async () => "a user's")).toBe("an access token");
});
