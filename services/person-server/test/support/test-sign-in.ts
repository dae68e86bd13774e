import { randomUUID } from "node:crypto";
import { displayText } from "agent-kit/service";
import type { FastifyRequest } from "fastify";
import type { Person } from "../../src/sign-in/person.ts";
import type { BrowserSession } from "../../src/sign-in/sessions.ts";
import type { createSignIn } from "../../src/sign-in/sign-in.ts";

export const MCP_USER = { username: "mcp-user", password: "user123" };
export const SECOND_USER = { username: "second-user", password: "user123" };

const ISSUER = "https://provider.example";
export const SIGN_IN_FORM = "/test-sign-in";
const COOKIE = "test-session";
/** Age of every sign-in. */
export const SIGNED_IN_SECONDS = 60;

/** The person that signs in with this name. */
export const personNamed = (name: string) => ({
  id: `id-of-${name}`,
  issuer: ISSUER,
  subject: `subject-of-${name}`,
  name: displayText(name) ?? "",
  claimedName: name,
  email: `${name}@provider.example`,
});

/** Signs persons in by name alone, with a form in place of an OpenID provider's. */
export const signInBy =
  (personOf: (name: string) => Person): typeof createSignIn =>
  async (app, { now }) => {
    const sessions = new Map<string, BrowserSession>();
    const read = async ({ headers }: FastifyRequest) =>
      sessions.get(new RegExp(`${COOKIE}=([\\w-]+)`).exec(headers.cookie ?? "")?.[1] ?? "");

    app.get<{ Querystring: { next: string } }>(SIGN_IN_FORM, async ({ query }, reply) =>
      reply
        .type("text/html")
        .send(`<form method="post" action="${SIGN_IN_FORM}?next=${encodeURIComponent(query.next)}"></form>`),
    );
    app.post<{ Querystring: { next: string }; Body: { username: string } }>(
      SIGN_IN_FORM,
      async ({ query, body }, reply) => {
        const id = randomUUID();
        sessions.set(id, { id, person: personOf(body.username), signedInAt: now() - SIGNED_IN_SECONDS });
        return reply.header("set-cookie", `${COOKIE}=${id}; Path=/; HttpOnly`).redirect(query.next, 303);
      },
    );
    app.post<{ Querystring: { return_to: string } }>("/sign-in/switch-user", async ({ query }, reply) =>
      reply
        .header("set-cookie", `${COOKIE}=; Path=/; Max-Age=0`)
        .redirect(`${SIGN_IN_FORM}?next=${encodeURIComponent(query.return_to)}`, 303),
    );
    app.post("/sign-in/sign-out", async (_request, reply) =>
      reply.header("set-cookie", `${COOKIE}=; Path=/; Max-Age=0`).send("Signed out"),
    );
    return {
      read,
      async require(request, reply, returnTo) {
        const session = await read(request);
        if (session === undefined)
          await reply.redirect(`${SIGN_IN_FORM}?next=${encodeURIComponent(returnTo)}`, 303);
        return session;
      },
      signOutPath: "/sign-in/sign-out",
      switchUserPath: (returnTo) => `/sign-in/switch-user?return_to=${encodeURIComponent(returnTo)}`,
    };
  };

export const createTestSignIn = signInBy(personNamed);
