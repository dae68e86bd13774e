import type { CallerGrant, ProvenCaller } from "aauth";
import Fastify, { type FastifyRequest } from "fastify";
import { expectTypeOf, test } from "vitest";
import "../src/index.ts";

test("`request.caller` has the members of the level that its route demands", () => {
  const app = Fastify();
  app.get("/public", { config: { aauth: "public" } }, ({ caller }) => {
    expectTypeOf(caller).toEqualTypeOf<null>();
  });
  app.get("/agent", { config: { aauth: { level: "agent-token" } } }, ({ caller }) => {
    expectTypeOf(caller.agent).toEqualTypeOf<string>();
    // @ts-expect-error an agent token has no grant
    caller.grant.scopes;
  });
  app.get("/person", { config: { aauth: { level: "person-token" } } }, ({ caller }) => {
    expectTypeOf(caller.person.sub).toEqualTypeOf<string>();
  });
  app.get("/data", { config: { aauth: { level: "auth-token", scopes: ["read"] } } }, ({ caller }) => {
    expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant>();
  });
  app.route({
    method: "GET",
    url: "/route",
    config: { aauth: { level: "auth-token", scopes: ["read"] } },
    handler: ({ caller }) => {
      expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant>();
    },
  });
  // @ts-expect-error a level that is misspelt
  app.get("/misspelt", { config: { aauth: { level: "auth-tokn", scopes: ["read"] } } }, () => "");
  app.addHook("preHandler", async ({ caller }: FastifyRequest) => {
    expectTypeOf(caller).toEqualTypeOf<ProvenCaller | null>();
  });
});
