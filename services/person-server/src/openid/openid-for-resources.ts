import { rotateKeys } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { acceptFormsOnly, type CreateStore, messagePage, type Site, sendPage } from "issuer-kit";
import { createOidcProvider, createRsaKeys, mountOidcProvider } from "issuer-kit/openid";
import type { Interaction } from "oidc-provider";
import type { PersonServerConfig } from "../config.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import {
  OPENID_ROUTES,
  providerConfiguration,
  SIGN_IN_PATH,
  SIGN_IN_SECONDS,
} from "./provider-configuration.ts";
import { resourceClients } from "./resource-clients.ts";

/** Lifetime of an ID token. */
const KEEP_SECONDS = 300;

/**
 * An OpenID provider for resources whose own pages sign persons in. Its `sub` is that of the tokens
 * for the resource, so that a page knows whether its person is the one whose agent has called. The
 * login is that of the person server.
 */
export async function openidForResources(
  app: FastifyInstance,
  options: {
    config: PersonServerConfig;
    /** Issuer of the ID tokens. */
    origin: string;
    signIn: SignIn;
    subjectSecret: Uint8Array<ArrayBuffer>;
    createStore: CreateStore;
    site: Site;
    logger: FastifyBaseLogger;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
  const { config, origin: issuer, signIn, subjectSecret, createStore, site, logger, now } = options;
  if (config.signInPages.length === 0) return;
  const keys = await createRsaKeys({ keepSeconds: () => KEEP_SECONDS, now });
  const clients = resourceClients(config);
  const names = createStore<string>();
  const provider = createOidcProvider({
    ...{ issuer, keys, createStore, logger, now, grantLifetimeSeconds: SIGN_IN_SECONDS },
    configuration: (parts) =>
      providerConfiguration({ parts, keys, clients, subjectSecret, nameOf: names.get, site }),
  });
  app.get(OPENID_ROUTES.jwks, async () => ({ keys: keys.publicJwks }));
  await app.register(mountOidcProvider, { provider, issuer, site, routes: OPENID_ROUTES });
  await app.register(async (pages) => {
    acceptFormsOnly(pages, site);
    pages.get<{ Params: { uid: string } }>(`${SIGN_IN_PATH}/:uid`, async (request, reply) => {
      const interaction = await interactionOf(request, reply);
      if (interaction === undefined) {
        const text = "Go back to the application and sign in from there.";
        return sendPage(reply, 400, messagePage(site, { title: "This sign-in has expired", text }));
      }
      const session = await signIn.require(request, reply, request.originalUrl);
      if (session === undefined) return reply;
      const { id, name } = session.person;
      await names.put(id, id, name, SIGN_IN_SECONDS);
      const login = { accountId: id, remember: false };
      const next = await provider().interactionResult(request.raw, reply.raw, { login });
      const client = await provider().Client.find(String(interaction.params.client_id));
      // No redirect: `form-action` of the provider's login page does not list the resource.
      reply.header("refresh", `0; url=${next}`);
      const link = [next, "Continue"] as const;
      const text = `You continue at ${client?.clientName} as ${name}.`;
      return sendPage(reply, 200, messagePage(site, { title: "You are signed in", text, link }));
    });
  });
  rotateKeys(app, keys, config.keyRotationSeconds);

  async function interactionOf(
    request: FastifyRequest<{ Params: { uid: string } }>,
    reply: FastifyReply,
  ): Promise<Interaction | undefined> {
    try {
      const interaction = await provider().interactionDetails(request.raw, reply.raw);
      return interaction.uid === request.params.uid ? interaction : undefined;
    } catch (error) {
      if (error instanceof Error && error.name === "SessionNotFound") return undefined;
      throw error;
    }
  }
}
