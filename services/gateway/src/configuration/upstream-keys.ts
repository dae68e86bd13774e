/**
 * Keys that Agentgateway v1.4 takes at a place of its file and this gateway does not emulate. A key in this table is refused with
 * "use docker compose", a key in no table as a mistake that the real gateway would refuse too. Only facts of the published
 * configuration schema; places are written with `[]` for any list index.
 */
const KEYS: Readonly<Record<string, string>> = {
  "": "backends frontendPolicies gateways llm mcp policies routeGroups routes services tcpRoutes ui workloads",
  config: `additionalTrustDomains backend caAddress caAuthToken clusterId connectionMinTerminationDeadline
    connectionTerminationDeadline customFunctions database dns enableIpv6 gateway hbone histograms localXdsPath mcp metrics
    modelCatalog namespace network sensitiveHeaders serviceAccount session skipValidateTrustDomain spiffe standardAttributes
    storage trustDomain workerThreads xdsAddress xdsAuthToken`,
  "config.tracing": "headers",
  "config.logging": "database",
  "binds[]": "mode tunnelProtocol",
  "binds[].listeners[]": "namespace policies tcpRoutes tls",
  "binds[].listeners[].routes[]": "namespace ruleName",
  "binds[].listeners[].routes[].matches[]": "headers query",
  "binds[].listeners[].routes[].matches[].path": "regex",
  "binds[].listeners[].routes[].backends[]":
    "ai aws backend dynamic internal invalid mcp policies routeGroup service",
  "binds[].listeners[].routes[].policies": `ai apiKey backendTLS backendTunnel basicAuth buffer csrf delay directResponse extProc
    jwtAuth mcpAuthentication mcpAuthorization mcpGuardrails oidc remoteRateLimit requestMirror requestRedirect
    responseHeaderModifier retry transformations`,
  "binds[].listeners[].routes[].policies.backendAuth":
    "aws azure credentials crossAppAccess gcp jwtSign key oauthTokenExchange",
  "binds[].listeners[].routes[].policies.backendAuth.passthrough": "location",
  "binds[].listeners[].routes[].policies.extAuthz": "backend cache conditional service",
  "binds[].listeners[].routes[].policies.extAuthz.protocol": "grpc",
  "binds[].listeners[].routes[].policies.extAuthz.protocol.http": "body redirect",
  "binds[].listeners[].routes[].policies.extAuthz.policies":
    "backendAuth backendTLS backendTunnel requestHeaderModifier tcp transformations",
  "binds[].listeners[].routes[].policies.extAuthz.policies.http": "version",
  "binds[].listeners[].routes[].policies.extAuthz.includeRequestBody": "packAsBytes",
  "binds[].listeners[].routes[].policies.localRateLimit[]": "conditional",
  "binds[].listeners[].routes[].policies.requestHeaderModifier": "add set",
  "binds[].listeners[].routes[].policies.urlRewrite": "path",
  "binds[].listeners[].routes[].policies.urlRewrite.authority": "host port",
};

const TABLE = new Map(Object.entries(KEYS).map(([place, keys]) => [place, new Set(keys.split(/\s+/))]));

/** True when Agentgateway knows `key` in the map at `path` although this gateway does not. */
export function isUpstreamKey(path: readonly PropertyKey[], key: string): boolean {
  let place = "";
  for (const step of path) {
    if (typeof step === "number") place += "[]";
    else place += place === "" ? String(step) : `.${String(step)}`;
  }
  return TABLE.get(place)?.has(key) ?? false;
}
