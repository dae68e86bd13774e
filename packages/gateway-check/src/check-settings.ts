import {
  authServerSettings,
  type Config,
  canonicalSpelling,
  publishedPeersSettings,
  setting,
} from "agent-kit/service";
import { AGENT_NAMES, agentUrl } from "topology";
import { z } from "zod";
import { SCHEMES } from "./check-request.ts";

/** Callers sign for a resource's authority alone, and its documents are open at the root only: an identifier has no path. */
const resources = z
  .string()
  .transform((text) => text.trim().split(/\s*,\s*|\s+/))
  .refine(
    (entries) =>
      new Set(entries).size === entries.length &&
      entries.every((entry) => /^https?:/.test(entry) && URL.parse(entry)?.origin === entry),
    "expected http or https URLs, each once, in canonical form, without a path",
  );

/** What is judged and whom to trust, whichever transport it has. Spread them into its settings. */
export const checkSettings = {
  ...authServerSettings,
  resources: setting({
    env: "GATEWAY_AUTHZ_RESOURCES",
    schema: resources.default(AGENT_NAMES.map((name) => agentUrl(name))),
    description:
      "Resource identifiers behind the gateway, scheme, host and port in canonical form, separated by commas or blanks. Each one's authority is what callers sign for, the identifier the audience of its tokens",
  }),
  // Issuers are compared as strings: one that is spelled differently than in tokens would never match.
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
      "Where a check names the request: aauth = x-aauth-method and x-aauth-uri, forwarded = x-forwarded-method and x-forwarded-uri, path = the check's own method and the path below /check",
  }),
  leastScheme: setting({
    env: "GATEWAY_REQUIRED_SCHEME",
    schema: z.enum(SCHEMES).optional(),
    description:
      "Least scheme of a caller where a check has no x-aauth-required-scheme: hwk (where this is not set), jwks or jwt. agentgateway/config.yaml puts it into its checks, jwks where it is not set",
  }),
  ...publishedPeersSettings,
};

/** The values of {@link checkSettings}. */
export type CheckConfig = Omit<Config<typeof checkSettings>, "leastScheme" | "issuer"> &
  Partial<Pick<Config<typeof checkSettings>, "leastScheme" | "issuer">>;
