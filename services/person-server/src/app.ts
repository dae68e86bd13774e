import formbody from "@fastify/formbody";
import { createMemoryStores, type Stores } from "aauth";
import {
  createLogger,
  createService,
  memoryKeys,
  type ServiceKeys,
  type ServiceOptions,
} from "agent-kit/service";
import { ConfigError } from "agent-kit/settings";
import type { FastifyInstance, FastifyReply } from "fastify";
import { messagePage, sendPage, serveIcon } from "issuer-kit";
import { originOf, type PersonServerConfig } from "./config.ts";
import { openidForResources } from "./openid/openid-for-resources.ts";
import { createServers } from "./servers.ts";
import type { SignInMessage } from "./sign-in/message-page.ts";
import { createSignIn, type SignInOptions } from "./sign-in/sign-in.ts";
import { siteOf } from "./site.ts";

export interface PersonServerDependencies {
  readonly logger?: ServiceOptions["logger"];
  /** State that outlives a request. Default: in memory, for this process only. */
  readonly stores?: Stores;
  /** Default: new ones. */
  readonly keys?: ServiceKeys;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Signs people in. Default: at the OpenID provider in the settings. */
  readonly signIn?: typeof createSignIn;
}

/** Requests are forms and small JSON documents; the largest carry one or two tokens. */
const MAX_BODY_BYTES = 65_536;

/**
 * Builds the service: the person server and, if resources are configured for it, the access server,
 * each under its own identifier; their pages; and an OpenID provider for resources that sign people
 * in on their own pages. All state except rate limits is in `stores`, which replicas share.
 * Resources know a person by the same name as long as `keys` stay the same.
 */
export async function buildPersonServer(
  config: PersonServerConfig,
  dependencies: PersonServerDependencies = {},
): Promise<FastifyInstance> {
  requireUsable(config);
  const {
    now = () => Math.floor(Date.now() / 1000),
    stores = createMemoryStores({ now }),
    keys = memoryKeys(),
    signIn: createSignInAt = createSignIn,
    logger = createLogger({
      service: "person-server",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    }),
  } = dependencies;
  const origin = originOf(config);
  // Plain http is only allowed on loopback, and then the other parties may be on loopback, too.
  const development = origin.startsWith("http:");
  const app = createService({ name: "person-server", logger, maxBodyBytes: MAX_BODY_BYTES });
  await app.register(formbody);
  const site = siteOf("person-server", config);
  serveIcon(app, site);
  const signIn = await createSignInAt(app, {
    ...signInOptions(config, development),
    publicUrl: new URL(origin),
    home: "/granted",
    showMessage: (reply: FastifyReply, status: number, message: SignInMessage) =>
      sendPage(reply, status, messagePage(site, message)),
    cookieSecret: await keys.secret("person-server-sign-ins"),
    logger: logger.child({ logger: "aauth.sign-in" }),
    stores,
    now,
  });
  const common = {
    config,
    origin,
    development,
    signIn,
    keys,
    stores,
    now,
    subjectSecret: await keys.secret("person-server-subjects"),
    logger: logger.child({ logger: "aauth.draft-11" }),
  };
  await createServers(app, common);
  await app.register(openidForResources, { ...common, site });
  return app;
}

function signInOptions(
  config: PersonServerConfig,
  development: boolean,
): Pick<SignInOptions, "issuer" | "clientId" | "clientSecret" | "scopes" | "nameClaim" | "development"> {
  return {
    issuer: new URL(config.oidcIssuer),
    clientId: config.oidcClientId,
    clientSecret: config.oidcClientSecret,
    scopes: config.oidcScopes,
    nameClaim: config.oidcNameClaim,
    development,
  };
}

/** @throws ConfigError for settings that contradict each other */
function requireUsable({
  id,
  accessServerId,
  accessServerResources,
  owners,
  ownerScopes,
}: PersonServerConfig) {
  const problem = (name: string, message: string) => new ConfigError("person-server", [{ name, message }]);
  if (id === accessServerId) throw problem("ACCESS_SERVER_ID", "must differ from PERSON_SERVER_ID");
  if (owners.length > 0 && accessServerResources.length === 0)
    throw problem(
      "ACCESS_SERVER_OWNERS",
      "requires ACCESS_SERVER_RESOURCES, without which no access server runs",
    );
  if (ownerScopes.length > 0 && owners.length === 0)
    throw problem(
      "ACCESS_SERVER_OWNER_SCOPES",
      "requires ACCESS_SERVER_OWNERS: only an owner can allow these scopes",
    );
}
