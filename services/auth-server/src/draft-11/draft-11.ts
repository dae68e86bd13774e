import { createDiscovery, createEndpointMap, draft11 } from "aauth";
import { createAccessServer, createPersonServer } from "aauth/issuer";
import { ConfigError, rotateKeys } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { traceDiscovery } from "protocol-trace";
import { type AuthServerConfig, originOf } from "../config.ts";
import type { ReadSession } from "../consent/read-session.ts";
import type { OidcPaths } from "../oidc/oidc-paths.ts";
import { personPages } from "../person/person-pages.ts";
import type { RealmState } from "../realm/realm-state.ts";
import type { CreateStore } from "../store.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import { decideForPerson, decideForResource, refusalOf } from "./policy.ts";
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
  if (personServerId === accessServerId) {
    const message = "expected another identifier than AUTH_SERVER_PERSON_SERVER";
    throw new ConfigError("auth-server", [{ name: "AUTH_SERVER_ACCESS_SERVER", message }]);
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
    discovery: traceDiscovery(
      createDiscovery({ profile: draft11, development, transport: endpoints.documents, now }),
    ),
    transport: endpoints.requests,
    pendingSeconds: config.consentSeconds,
    now,
    log,
  };
  const policy = state.policy;
  const personKeys = await createIssuerKeys("person-server", now);
  const accessKeys = await createIssuerKeys("access-server", now);
  const personServer = createPersonServer({
    ...common,
    issuer: personServerId,
    key: personKeys,
    subjectSecret,
    accessServers: [accessServerId, ...config.accessServers],
    decide: decideForPerson({ policy, resources }),
  });
  const accessServer = createAccessServer({
    ...common,
    issuer: accessServerId,
    key: accessKeys,
    resources,
    personServers: [personServerId, ...config.personServers],
    decide: decideForResource({ policy }),
  });
  await app.register(serveIssuer, { identifier: personServerId, server: personServer, logger });
  await app.register(serveIssuer, { identifier: accessServerId, server: accessServer, logger });
  await app.register(personPages, {
    ...options,
    realm: state.realm,
    server: personServer,
    browserUrl: endpoints.browserUrl,
    isAllowed: (request) => refusalOf(policy(), request) === undefined,
    pendingSeconds: config.consentSeconds,
    logger,
  });
  for (const keys of [personKeys, accessKeys]) rotateKeys(app, keys, config.keyRotationSeconds);
}
