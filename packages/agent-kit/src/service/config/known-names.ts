/**
 * All `AAUTH_` variables of the demo's programs. All services share one `.env`, so each must accept
 * the others' variables, but refuse misspelled ones. A test compares the list with the services'
 * declarations.
 */
export const KNOWN_NAMES: ReadonlySet<string> = new Set([
  "AAUTH_AUTHORIZATION_SCHEME",
  "AAUTH_AUTHZ_HOST",
  "AAUTH_AUTH_TOKEN_CACHE_TTL",
  "AAUTH_BREAK_IT",
  "AAUTH_ENDPOINTS",
  "AAUTH_FRONTEND_REDIRECT_URL",
  "AAUTH_KEYS",
  "AAUTH_MODE",
  "AAUTH_PROFILE",
  "AAUTH_PUBLISHED_HWK",
  "AAUTH_PUBLISHED_PEERS",
  "AAUTH_REPLAY_STORE",
  "AAUTH_REPLICAS",
  "AAUTH_RESOURCE_ADDITIONAL_SCOPES",
  "AAUTH_SHOW_TOKENS",
  "AAUTH_SIGNATURE_SCHEME",
  "AAUTH_STORE",
  "AAUTH_TRACE_QUERY_URL",
  "AAUTH_TRACE_UI_URL",
]);

/** Names of the published demo and of former versions, each with its replacement. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    "AAUTH_RELAX_CONTENT_DIGEST",
    "a message is verified as it came. To accept peers that cover no body, name them in AAUTH_PUBLISHED_PEERS",
  ],
  ["AUTH_SERVER_ACCESS_SERVER", "it is ACCESS_SERVER_ID now"],
  ["AUTH_SERVER_ACCESS_SERVERS", "it is PERSON_SERVER_ACCESS_SERVERS now"],
  ["AUTH_SERVER_OWNERS", "it is ACCESS_SERVER_OWNERS now, where a user name is written name:USER"],
  ["AUTH_SERVER_OWNER_SCOPES", "it is ACCESS_SERVER_OWNER_SCOPES now"],
  ["AUTH_SERVER_PERSON_SERVER", "it is PERSON_SERVER_ID now"],
  ["AUTH_SERVER_PERSON_SERVERS", "it is ACCESS_SERVER_PERSON_SERVERS now"],
  ["AUTH_SERVER_RESOURCES", "it is PERSON_SERVER_RESOURCES and ACCESS_SERVER_RESOURCES now"],
  ["AUTH_SERVER_SIGN_IN_PAGES", "it is PERSON_SERVER_SIGN_IN_PAGES now"],
]);

/** Prefix of the demo's variables. Unknown variables with it are refused. */
export const OWN_PREFIX = "AAUTH_";
