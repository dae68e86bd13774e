/**
 * The half of February 2026 that agents use.
 *
 * @module
 */

import { requireIdentifiers } from "../discovery/checked-options.ts";
import { isUrl } from "../json-guards.ts";
import { checkOptions, requireBoolean, unchecked } from "../keys/option-checks.ts";
import type { AgentProfile, SigningProfile } from "../profile/wire-profile.ts";
import { callsOf, type FirstScheme } from "./calls.ts";
import { type FebruaryDialect, february2026 } from "./profile.ts";
import { renewalOf } from "./renewal.ts";
import { type AgentServers, tokenRequestsOf } from "./token-requests.ts";

/** Options of an agent that only this dialect has. */
export interface FebruaryAgentOptions extends FirstScheme, AgentServers {
  /** Variant for resources. Default {@link february2026}. */
  readonly dialect?: FebruaryDialect | undefined;
  /** Variant for auth servers. Default {@link february2026}. */
  readonly serverDialect?: FebruaryDialect | undefined;
}

/** The dialect of one agent: `profile` of `createAgent`. */
export interface FebruaryAgentProfile extends AgentProfile {
  readonly toServers: SigningProfile;
  readonly february: FebruaryAgentOptions;
}

/**
 * Creates the `profile` of an agent that speaks February 2026.
 *
 * @throws TypeError for an invalid option
 *
 * @example
 * const profile = february2026Agent({ signatureScheme: "jwks", authServers: ["https://as.example"] });
 * const agent = createAgent({ id: "https://agent.example", key, profile });
 */
export function february2026Agent(options: FebruaryAgentOptions): FebruaryAgentProfile {
  checkOptions<FebruaryAgentOptions>(options, {
    authServers: (name, value) => requireIdentifiers(name, value, february2026),
    signatureScheme(name, value) {
      // A misspelled value would identify an agent that is meant to be anonymous.
      if (value !== "hwk" && value !== "jwks") throw new TypeError(`${name} must be hwk or jwks`);
    },
    mayIdentify: requireBoolean,
    redirectUri(name, value) {
      // `localhost:8000/callback` parses as a URL with the scheme `localhost`.
      if (value !== undefined && !isUrl(value))
        throw new TypeError(`${name} must be an absolute http or https URL`);
    },
    dialect: unchecked,
    serverDialect: unchecked,
  });
  const { dialect = february2026, serverDialect = february2026 } = options;
  return {
    ...dialect,
    calls: callsOf(options),
    tokenRequests: { ...tokenRequestsOf(options), renewal: renewalOf },
    toServers: serverDialect,
    february: options,
  };
}
