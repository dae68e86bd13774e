import type { Stores } from "aauth";
import { rotateKeys, type ServiceKeys } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from "fastify";
import { acceptFormsOnly, messagePage, type Site, sendPage } from "issuer-kit";
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
 * An OpenID provider for resources that sign people in on their own pages. Its `sub` equals the one
 * in the resource's tokens, so that a page can tell whether its visitor is the person whose agent
 * called. People sign in at the person server.
 */
export async function openidForResources(
  app: FastifyInstance,
  options: {
    config: PersonServerConfig;
    /** Issuer of the ID tokens. */
    origin: string;
    signIn: SignIn;
    keys: ServiceKeys;
    subjectSecret: Uint8Array<ArrayBuffer>;
    stores: Pick<Stores, "records">;
    site: Site;
    logger: FastifyBaseLogger;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
  const { config, origin: issuer, signIn, subjectSecret, stores, site, logger, now } = options;
  if (config.signInPages.length === 0) return;
  const keys = await createRsaKeys(options.keys, "person-server-openid", { keepSeconds: KEEP_SECONDS, now });
  const cookieSecret = await options.keys.secret("person-server-cookies");
  const clients = resourceClients(config);
  const names = stores.records<string>("names of persons");
  const provider = createOidcProvider({
    issuer,
    keys,
    cookieSecret,
    stores,
    logger,
    now,
    grantLifetimeSeconds: SIGN_IN_SECONDS,
    configuration: (parts) =>
      providerConfiguration({
        parts,
        issuer,
        keys,
        clients,
        subjectSecret,
        nameOf: async (person) => names.get(person),
        site,
      }),
  });
  app.get(OPENID_ROUTES.jwks, async () => ({ keys: keys.publicJwks }));
  await app.register(mountOidcProvider, { provider, issuer, site, routes: OPENID_ROUTES });
  await app.register(async (pages) => {
    acceptFormsOnly(pages, site);
    pages.get<{ Params: { uid: string } }>(`${SIGN_IN_PATH}/:uid`, async (request, reply) => {
      const interaction = await unlessDropped(provider().interactionDetails(request.raw, reply.raw));
      if (interaction?.uid !== request.params.uid) return sendExpired(reply);
      const session = await signIn.require(request, reply, request.originalUrl);
      if (session === undefined) return reply;
      const { person, signedInAt } = session;
      await names.put(person.id, person.name, { owner: person.id, ttlSeconds: SIGN_IN_SECONDS });
      const isFresh = isFreshEnough(interaction, signedInAt);
      // hole U15b: { accountId: person.id, remember: false }
      const login = { accountId: person.id, remember: false, ts: signedInAt };
      const result = isFresh ? { login } : { error: "login_required" };
      const next = await unlessDropped(provider().interactionResult(request.raw, reply.raw, result));
      if (next === undefined) return sendExpired(reply);
      const client = await provider().Client.find(String(interaction.params.client_id));
      // Not a redirect: the `form-action` directive of the provider's login page does not list the
      // resource.
      reply.header("refresh", `0; url=${next}`);
      const link = [next, "Continue"] as const;
      const message = isFresh
        ? { title: "You are signed in", text: `Continue to ${client?.clientName} as ${person.name}.` }
        : {
            title: "You signed in too long ago",
            text: `Sign out here, sign in again, and then start over at ${client?.clientName}.`,
          };
      return sendPage(reply, 200, messagePage(site, { ...message, link }));
    });
  });
  rotateKeys(app, keys, config.keyRotationSeconds);

  function sendExpired(reply: FastifyReply): FastifyReply {
    const text = "Go back to the application and sign in from there.";
    return sendPage(reply, 400, messagePage(site, { title: "This sign-in has expired", text }));
  }

  /** A sign-in prompted by this request is always fresh enough. */
  function isFreshEnough({ iat, params }: Interaction, signedInAt: number): boolean {
    if (signedInAt >= iat) return true;
    const { prompt = "", max_age: maxAge } = params;
    if (String(prompt).split(" ").includes("login")) return false; // hole U15
    return maxAge === undefined || now() - signedInAt <= Number(maxAge); // hole U15a: true
  }
}

/** Undefined for a sign-in that the provider does not know or has dropped. */
async function unlessDropped<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && error.name === "SessionNotFound") return undefined;
    throw error;
  }
}
