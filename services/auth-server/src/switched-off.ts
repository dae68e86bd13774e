import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { accessDenied } from "./oauth-error.ts";
import { sendRefusal } from "./pages/send-refusal.ts";
import type { Realm } from "./realm/realm.ts";

/** Answers nobody, neither agents nor people, below the path of a realm that is not enabled. */
export const switchedOff = fastifyPlugin(
  async (app: FastifyInstance, options: { realm: Realm; base: string }) => {
    const { realm, base } = options;
    if (realm.enabled) return;
    app.addHook("onRequest", async (request, reply) => {
      // By the route: an address can be written in more than one way.
      const route = request.routeOptions.url ?? "";
      if (route === base || route.startsWith(`${base}/`))
        return sendRefusal(request, reply, accessDenied("Realm not enabled"), realm);
    });
  },
  { name: "auth-server-switched-off" },
);
