import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { messagePage, oauthErrorOf, originsOf, type Site, sendPage, sendRefusal } from "issuer-kit";
import type { Interaction, Provider } from "oidc-provider";
import { loginPage } from "../pages/login-page.ts";
import type { Accounts } from "../realm/accounts.ts";
import type { OidcPaths } from "./oidc-paths.ts";
import type { ReadSession } from "./read-session.ts";

interface Form {
  username?: string;
  password?: string;
}

/**
 * The sign-in page of a pending authorization request. The request is found by a signed cookie that
 * is limited to this path, which also prevents other sites from posting the form.
 */
export async function login(
  app: FastifyInstance,
  options: {
    provider: () => Provider;
    accounts: Accounts;
    site: Site;
    paths: OidcPaths;
    readSession: ReadSession;
    /** Whether the sign-in page shows the demo's users. */
    hasDemoUsers: boolean;
    logger: FastifyBaseLogger;
  },
): Promise<void> {
  const { provider, accounts, site, paths, readSession, hasDemoUsers, logger } = options;
  const url = `${paths.login}/:uid`;

  // A sign-in is a form, so other bodies that a script could send are not parsed.
  app.removeContentTypeParser(["application/json", "text/plain"]);
  app.setErrorHandler((error, request, reply) => {
    // Displaced by newer sign-ins while the password was compared.
    if (isSessionNotFound(error)) return sendExpired(request, reply);
    const refusal = oauthErrorOf(error);
    if (refusal === undefined) throw error;
    return sendRefusal(request, reply, refusal, site);
  });

  app.get<{ Params: { uid: string } }>(url, async (request, reply) => {
    const interaction = await interactionOf(provider(), request, reply);
    if (interaction === undefined) return sendExpired(request, reply);
    return sendLogin(reply, 200, interaction);
  });

  app.post<{ Params: { uid: string }; Body: Form | undefined }>(url, async (request, reply) => {
    const { username, password } = request.body ?? {};
    const interaction = await interactionOf(provider(), request, reply);
    if (interaction === undefined) return sendExpired(request, reply);
    if (typeof username !== "string" || typeof password !== "string") {
      return sendLogin(reply, 400, interaction, { problem: "Enter your user name and password." });
    }
    const clientId = String(interaction.params.client_id);
    const user = await accounts.authenticate(username, password, { clientId, address: request.ip });
    if (user === undefined) {
      logger.info({ clientId }, "Sign-in refused");
      return sendLogin(reply, 401, interaction, {
        login: username,
        problem: "Invalid user name or password.",
      });
    }
    const returnTo = await provider().interactionResult(request.raw, reply.raw, {
      login: { accountId: user.id },
    });
    return reply.redirect(returnTo, 303);
  });

  async function sendLogin(
    reply: FastifyReply,
    status: number,
    interaction: Interaction,
    more: { login?: string; problem?: string } = {},
  ): Promise<FastifyReply> {
    const client = await provider().Client.find(String(interaction.params.client_id));
    const page = loginPage({
      site,
      hasDemoUsers,
      purpose: client?.clientName ?? "the application",
      action: `${paths.login}/${interaction.uid}`,
      formOrigins: originsOf(String(interaction.params.redirect_uri)),
      ...more,
    });
    return sendPage(reply, status, page);
  }

  async function sendExpired(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // The Back button shows the page of a sign-in that has succeeded; a form of it has no effect.
    const session = request.method === "GET" ? await readSession(request, reply) : undefined;
    if (session !== undefined) {
      const text = `Your user name here is ${session.user.username}. Continue in the application.`;
      return sendPage(reply, 200, messagePage(site, { title: "You are signed in", text }));
    }
    const text = "Go back to the application and sign in from there.";
    const title = "This sign-in has expired";
    return sendPage(reply, 400, messagePage(site, { title, text }));
  }
}

/** The interaction in the URL, if the browser has its cookie. */
async function interactionOf(
  provider: Provider,
  request: FastifyRequest<{ Params: { uid: string } }>,
  reply: FastifyReply,
): Promise<Interaction | undefined> {
  try {
    const interaction = await provider.interactionDetails(request.raw, reply.raw);
    return interaction.uid === request.params.uid ? interaction : undefined;
  } catch (error) {
    if (isSessionNotFound(error)) return undefined;
    throw error;
  }
}

function isSessionNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === "SessionNotFound";
}
