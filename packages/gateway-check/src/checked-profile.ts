import type {
  AAuthVerificationError,
  Discovery,
  ProvenCaller,
  Requirement,
  VerifiedRequest,
  WireProfile,
} from "aauth";
import {
  type AcceptedProfile,
  formatRefusal,
  REFUSAL_FIELD,
  refusalOf as refusalDataOf,
  type VerifierOptions,
} from "aauth/resource";
import type { ServiceOptions } from "agent-kit/service";
import type { ProfileName } from "agent-kit/settings";
import type { CheckRequest } from "./check-request.ts";
import type { CheckConfig } from "./check-settings.ts";
import type { CheckedResource } from "./resource-verifiers.ts";

/** Rules of a gateway's check in one wire profile. */
export interface CheckedProfile {
  readonly wire: WireProfile;
  /** Whether a field of a check belongs to the signature or may be covered by it. */
  isCoverable(name: string): boolean;
  /** Identifiers of the resources behind the gateway. */
  resources(config: CheckConfig): readonly string[];
  /** Discovery of the profile's parties. */
  createDiscovery(config: CheckConfig, options: { now: () => number; timeoutMs: number }): Discovery;
  /** Further options of a resource's verifier: issuers and variants. */
  trust(
    config: CheckConfig,
    resource: string,
  ): Pick<VerifierOptions, "profile" | "personServers" | "accessServer"> & {
    readonly accept?: readonly Required<Pick<AcceptedProfile, "profile" | "peers">>[];
  };
  /** Servers that may revoke tokens in their own name. */
  revokers(config: CheckConfig): readonly string[];
  /** Logs what the operator should know about the configuration. */
  warnAtStart?(log: ServiceOptions["logger"], config: CheckConfig): void;
  judge(check: CheckRequest, resource: CheckedResource, config: CheckConfig): Promise<VerifiedRequest>;
  /** Requirement in a route's refusals: the lowest level that it accepts. */
  minimum(check: Pick<CheckRequest, "requiredLevel">): Requirement;
  /** Description of the caller for the gateway's rules. */
  claims(caller: ProvenCaller): object;
  /** @param accepted profiles of the route, oldest first */
  refusal(error: AAuthVerificationError, requirement: Requirement, accepted: readonly WireProfile[]): Refusal;
}

/** An answer that the gateway passes to the caller as it is. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Error code for log and trace; the caller may get another one (`publicRefusal`). */
  readonly code: string;
  /** Suggested setting, for the log. */
  readonly hint?: string | undefined;
}

/** Properties of the route that a refusal depends on, if the check could be read. */
export interface RefusingRoute {
  readonly profiles: readonly ProfileName[];
  readonly requirement: Requirement;
}

/** Fields of a refusal in plain text. */
export const TEXT = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/**
 * Gateway and agent share one address: this tells their refusals apart.
 *
 * @param section if the error cites none
 */
export const refusedBy = (error: AAuthVerificationError, section?: { readonly section: string }) => ({
  [REFUSAL_FIELD]: formatRefusal({ ...section, ...refusalDataOf(error), by: "gateway" }),
});

/** Claims of an agent token that identify the agent. */
export function ownClaims({ iss, sub, aud, exp, iat, cnf }: Readonly<Record<string, unknown>>): object {
  return { iss, sub, aud, exp, iat, cnf };
}
