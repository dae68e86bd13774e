import { draft11 } from "aauth";
import {
  authServerSettings,
  type Config,
  canonicalSpelling,
  profileSettings,
  publishedPeersSettings,
  setting,
} from "agent-kit/settings";
import { AGENT_NAMES, agentUrl, DRAFT_11_SERVERS, identifierOf } from "topology";
import { z } from "zod";

/** Requirement of a route of the published profile, named by the scheme that proves it. */
export const SCHEMES = ["hwk", "jwks", "jwt"] as const;
export type RequiredScheme = (typeof SCHEMES)[number];

/**
 * Callers sign for a resource's authority alone, and its documents are open at the root only: an
 * identifier has no path.
 */
const resources = z
  .string()
  .transform((text) => text.trim().split(/\s*,\s*|\s+/))
  .refine(
    (entries) =>
      new Set(entries).size === entries.length &&
      entries.every((entry) => /^https?:/.test(entry) && URL.parse(entry)?.origin === entry),
    "expected http or https URLs, each once, in canonical form, without a path",
  );

/** Identifiers of draft -11. */
const identifiers = z
  .string()
  .transform((text) => text.trim().split(/\s*,\s*|\s+/))
  .refine(
    (entries) => new Set(entries).size === entries.length && entries.every(draft11.documents.isIdentifier),
    "expected identifiers of the form https://host in lower case, each once, without port and path",
  );

/**
 * Settings of the check for every transport: the resources and the trusted parties. Spread them
 * into the transport's settings.
 */
export const checkSettings = {
  ...authServerSettings,
  ...profileSettings,
  resources: setting({
    env: "GATEWAY_AUTHZ_RESOURCES",
    schema: resources.default(AGENT_NAMES.map((name) => agentUrl(name))),
    description:
      "Resource identifiers of February's profile behind the gateway, scheme, host and port in canonical form, separated by commas or blanks. Each one's authority is what callers sign for, the identifier the audience of its tokens",
  }),
  draft11Resources: setting({
    env: "GATEWAY_AUTHZ_DRAFT_11_RESOURCES",
    schema: identifiers.default(AGENT_NAMES.map(identifierOf)),
    description: "Resource identifiers of draft -11 behind the gateway, each https://host",
  }),
  personServers: setting({
    env: "GATEWAY_AUTHZ_PERSON_SERVERS",
    schema: identifiers.default([identifierOf(DRAFT_11_SERVERS.personServer)]),
    description:
      "Person servers accepted in draft -11; their auth tokens, too, unless AAUTH_MODE is federated",
  }),
  accessServer: setting({
    env: "GATEWAY_AUTHZ_ACCESS_SERVER",
    schema: z
      .string()
      .refine(draft11.documents.isIdentifier, "expected an identifier of the form https://host")
      .default(identifierOf(DRAFT_11_SERVERS.accessServer)),
    description: "With AAUTH_MODE=federated, the only access server whose auth tokens are accepted",
  }),
  // Issuers are compared as strings: one that is spelled differently than in tokens would never
  // match.
  authServerUrl: setting({
    ...authServerSettings.authServerUrl,
    schema: authServerSettings.authServerUrl.schema.refine((url) => url === canonicalSpelling(url), {
      error: ({ input }) => `not in canonical form, which is ${canonicalSpelling(String(input))}`,
    }),
  }),
  requestFrom: setting({
    env: "GATEWAY_AUTHZ_REQUEST_FROM",
    flag: "request-from",
    schema: z.enum(["aauth", "forwarded", "path"]).default("aauth"),
    description:
      "How a check names the request: aauth = x-aauth-method and x-aauth-uri, forwarded = x-forwarded-method and x-forwarded-uri, path = the check's own method and the path below /check",
  }),
  leastScheme: setting({
    env: "GATEWAY_REQUIRED_SCHEME",
    schema: z.enum(SCHEMES).optional(),
    description:
      "Lowest scheme of a caller where a check has no x-aauth-required-scheme: hwk (default), jwks or jwt. agentgateway/config.yaml sends it, by default jwks",
  }),
  ...publishedPeersSettings,
};

type Values = Config<typeof checkSettings>;
type OfDraft11 = keyof typeof profileSettings | "draft11Resources" | "personServers" | "accessServer";
type Optional = "leastScheme" | "issuer" | OfDraft11;

/** The values of {@link checkSettings}. Those of draft -11 may be left out where there is none. */
export type CheckConfig = Omit<Values, Optional> & Partial<Pick<Values, Optional>>;

/** Trusted servers of draft -11: the issuers of person and auth tokens. */
export function serversOf({ mode, personServers = [], accessServer }: CheckConfig) {
  return { personServers, accessServer: mode === "federated" ? accessServer : undefined };
}
