import { createAddressMap, createDiscovery, draft11, type Stores } from "aauth";
import {
  createAccessServer,
  createPersonServer,
  type PersonServer,
  type PersonServerOptions,
} from "aauth/server";
import { rotateKeys, type ServiceKeys } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { createServerTrace, SERVICE_NAME, type ServerTrace, traceDiscovery } from "protocol-trace";
import { accessPages } from "./access/access-pages.ts";
import type { PersonServerConfig } from "./config.ts";
import { createDescribeProvider } from "./decisions/describe-provider.ts";
import { personPages } from "./person/person-pages.ts";
import { decideForPerson, decideForResource, grantableScopes, policyAfter, refusalOf } from "./policy.ts";
import { serveIssuer } from "./serve-issuer.ts";
import type { SignIn } from "./sign-in/sign-in.ts";

/** Lifetime of a token of draft -11. */
const KEEP_SECONDS = 3_600;

interface ServersOptions {
  readonly config: PersonServerConfig;
  /** This server's origin for browsers. */
  readonly origin: string;
  readonly development: boolean;
  readonly signIn: SignIn;
  readonly keys: ServiceKeys;
  /** Secret from which the identifiers that resources see for people are derived. */
  readonly subjectSecret: Uint8Array<ArrayBuffer>;
  readonly stores: Stores;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Serves the person server, the access server if configured, and the pages of both. */
export async function createServers(app: FastifyInstance, options: ServersOptions): Promise<void> {
  const { config, origin, development, keys, subjectSecret, stores, logger, now } = options;
  const hasAccessServer = config.accessServerResources.length > 0;
  const observing = (trace: ServerTrace): Pick<PersonServerOptions, "observer"> => ({
    observer(event, request) {
      trace.observer(event, request);
      if (event.type === "unexpected_error")
        logger.warn({ err: event.error }, "a handler or a call to another party failed");
    },
  });
  // This server reaches itself on its own port unless `AAUTH_ENDPOINTS` names another address.
  const own = { connect: `http://127.0.0.1:${config.port}`, browser: origin };
  const addresses = createAddressMap({
    [config.id]: own,
    ...(hasAccessServer && { [config.accessServerId]: own }),
    ...config.endpoints,
  });
  const common = {
    discovery: traceDiscovery(createDiscovery({ development, addresses, now })),
    pendingSeconds: config.consentSeconds,
    stores,
    now,
  };
  const pages = {
    ...options,
    browserUrl: addresses.browserUrl,
    describeProvider: createDescribeProvider({
      discovery: common.discovery,
      fetchDocument: addresses.documents,
      now,
    }),
  };

  const personTrace = createServerTrace(SERVICE_NAME.personServer, addresses.requests);
  const personKeys = await keys.signingKeys("person-server", { keepSeconds: KEEP_SECONDS, now });
  const personServer: PersonServer = createPersonServer({
    ...common,
    ...observing(personTrace),
    transport: personTrace.transport,
    issuer: config.id,
    key: personKeys,
    subjectSecret,
    accessServers: [...(hasAccessServer ? [config.accessServerId] : []), ...config.accessServers],
    missions: config.missions,
    decide: decideForPerson(config, (mission, from) =>
      personServer.missionLog(mission.person, mission.s256, { from }),
    ),
  });
  await app.register(serveIssuer, {
    identifier: config.id,
    server: personServer,
    seen: personTrace,
    logger,
  });
  await app.register(personPages, {
    ...pages,
    server: personServer,
    providerKeys: (id) => common.discovery.keys(draft11.documents.kinds.agent, id),
    policyAfter: (request) => policyAfter(config, request),
    isAllowed: (request) => refusalOf(config, request) === undefined,
  });
  rotateKeys(app, personKeys, config.keyRotationSeconds);
  if (!hasAccessServer) return;

  const accessTrace = createServerTrace(SERVICE_NAME.accessServer, addresses.requests);
  const accessKeys = await keys.signingKeys("access-server", { keepSeconds: KEEP_SECONDS, now });
  const accessServer = createAccessServer({
    ...common,
    ...observing(accessTrace),
    transport: accessTrace.transport,
    issuer: config.accessServerId,
    key: accessKeys,
    resources: config.accessServerResources,
    personServers: [config.id, ...config.personServers],
    // Browsers reach both servers at the same origin.
    interactionUrl: `${config.accessServerId}/access/interaction`,
    decide: decideForResource(config),
  });
  await app.register(serveIssuer, {
    identifier: config.accessServerId,
    server: accessServer,
    seen: accessTrace,
    logger,
  });
  rotateKeys(app, accessKeys, config.keyRotationSeconds);
  if (config.owners.length === 0) return;
  await app.register(accessPages, {
    ...pages,
    server: accessServer,
    grantable: (request) => grantableScopes(config, request),
  });
}
