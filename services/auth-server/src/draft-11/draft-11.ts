import { createDiscovery, createEndpointMap } from "aauth";
import { createAccessServer, createPersonServer } from "aauth/server";
import { ConfigError, rotateKeys } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { createServerTrace, SERVICE_NAME, traceDiscovery } from "protocol-trace";
import { accessPages } from "../access/access-pages.ts";
import { type AuthServerConfig, originOf } from "../config.ts";
import type { ReadSession } from "../consent/read-session.ts";
import { createDescribeProvider } from "../decisions/describe-provider.ts";
import type { OidcPaths } from "../oidc/oidc-paths.ts";
import { personPages } from "../person/person-pages.ts";
import type { RealmState } from "../realm/realm-state.ts";
import type { CreateStore } from "../store.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import { decideForPerson, decideForResource, grantableScopes, refusalOf } from "./policy.ts";
import { serveIssuer } from "./serve-issuer.ts";

/**
 * A person server and an access server of draft -11, each under its own identifier. Their persons are the realm's users. What they keep lives as long as
 * the process: after a restart no agent has a person, and resources know each person by another name.
 */
export async function draft11Servers(
  app: FastifyInstance,
  options: {
    config: AuthServerConfig;
    issuer: string;
    paths: OidcPaths;
    state: RealmState;
    readSession: ReadSession;
    /** What resources call persons comes from it. */
    subjectSecret: Uint8Array<ArrayBuffer>;
    createStore: CreateStore;
    development: boolean;
    logger: FastifyBaseLogger;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
  const { config, state, subjectSecret, development, now } = options;
  const { personServer: personServerId, accessServer: accessServerId, resources } = config;
  const { owners, ownerScopes } = config;
  if (personServerId === accessServerId) {
    const message = "expected another identifier than AUTH_SERVER_PERSON_SERVER";
    throw new ConfigError("auth-server", [{ name: "AUTH_SERVER_ACCESS_SERVER", message }]);
  }
  const unknown = owners.find((owner) => !state.realm.users.some(({ username }) => username === owner));
  if (unknown !== undefined) {
    const message = `the realm has no user ${JSON.stringify(unknown)}`;
    throw new ConfigError("auth-server", [{ name: "AUTH_SERVER_OWNERS", message }]);
  }
  if (ownerScopes.length > 0 && owners.length === 0) {
    const message = "needs AUTH_SERVER_OWNERS: there is no user who could allow them";
    throw new ConfigError("auth-server", [{ name: "AUTH_SERVER_OWNER_SCOPES", message }]);
  }
  const logger = options.logger.child({ logger: "aauth.draft-11" });
  const log = (error: unknown) => logger.warn({ err: error }, "a request failed here or downstream");
  // This server reaches itself where it listens, unless the operator says otherwise.
  const own = { connect: `http://127.0.0.1:${config.port}`, browser: originOf(config) };
  const endpoints = createEndpointMap({
    [personServerId]: own,
    [accessServerId]: own,
    ...config.endpoints,
  });
  const common = {
    discovery: traceDiscovery(createDiscovery({ development, transport: endpoints.documents, now })),
    pendingSeconds: config.consentSeconds,
    now,
    log,
  };
  const policy = state.policy;
  const personTrace = createServerTrace(SERVICE_NAME.personServer, endpoints.requests);
  const accessTrace = createServerTrace(SERVICE_NAME.accessServer, endpoints.requests);
  const personKeys = await createIssuerKeys("person-server", now);
  const accessKeys = await createIssuerKeys("access-server", now);
  const personServer = createPersonServer({
    ...common,
    ...personTrace,
    issuer: personServerId,
    key: personKeys,
    subjectSecret,
    accessServers: [accessServerId, ...config.accessServers],
    decide: decideForPerson({ policy, resources }),
  });
  const accessServer = createAccessServer({
    ...common,
    ...accessTrace,
    issuer: accessServerId,
    key: accessKeys,
    resources,
    personServers: [personServerId, ...config.personServers],
    // Browsers find both servers at one address.
    interactionUrl: `${accessServerId}/access/interaction`,
    decide: decideForResource({ policy, ownerScopes }),
  });
  await app.register(serveIssuer, {
    identifier: personServerId,
    server: personServer,
    seen: personTrace,
    logger,
  });
  await app.register(serveIssuer, {
    identifier: accessServerId,
    server: accessServer,
    seen: accessTrace,
    logger,
  });
  const pages = {
    ...options,
    realm: state.realm,
    browserUrl: endpoints.browserUrl,
    describeProvider: createDescribeProvider({
      discovery: common.discovery,
      fetchDocument: endpoints.documents,
      now,
    }),
    pendingSeconds: config.consentSeconds,
    logger,
  };
  await app.register(personPages, {
    ...pages,
    server: personServer,
    isAllowed: (request) => refusalOf(policy(), request) === undefined,
  });
  if (owners.length > 0) {
    await app.register(accessPages, {
      ...{ ...pages, server: accessServer, resources, owners },
      grantable: (request) => grantableScopes(policy(), request),
    });
  }
  for (const keys of [personKeys, accessKeys]) rotateKeys(app, keys, config.keyRotationSeconds);
}
