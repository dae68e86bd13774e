import { authServerSettings, type Config, listSetting, setting } from "service-kit";
import { z } from "zod";

/** What is judged and whom to trust, whichever process does it. Spread them into its settings. */
export const checkSettings = {
  resources: setting({
    env: "GATEWAY_AUTHZ_RESOURCES",
    schema: listSetting([
      "http://supply-chain-agent.localhost:3000",
      "http://market-analysis-agent.localhost:3000",
    ])
      .transform((ids) => ids.map((id) => id.replace(/\/+$/, "")))
      .pipe(z.array(z.url({ protocol: /^https?$/, error: "expected resource identifiers (URLs)" })).min(1)),
    description:
      "Resource identifiers behind the gateway. Each one's authority is what callers sign for, the identifier the audience of its tokens",
  }),
  ...authServerSettings,
  requestFrom: setting({
    env: "GATEWAY_AUTHZ_REQUEST_FROM",
    flag: "request-from",
    schema: z.enum(["aauth", "forwarded", "path"]).default("aauth"),
    description:
      "Where a check names the request: aauth = x-aauth-method and x-aauth-uri, forwarded = x-forwarded-method and x-forwarded-uri, path = the check's own method and the path below /check",
  }),
  bodyCoverage: setting({
    env: "GATEWAY_AUTHZ_BODY_COVERAGE",
    schema: z.enum(["required", "optional"]).default("required"),
    description: "Whether a signature must cover the body; optional is for agents of the Python demo",
  }),
};

/** The values of {@link checkSettings}. */
export type CheckConfig = Config<typeof checkSettings>;
