import { createAddressMap, createDiscovery, draft11 as wire } from "aauth";
import { plainRefusal } from "aauth/resource";
import { serversOf } from "./check-settings.ts";
import { type CheckedProfile, ownClaims, refusedBy } from "./checked-profile.ts";

/** Fields of the check itself, which must not pass for the caller's. */
const OF_THE_CHECK = /^(?:x-aauth-.*|x-forwarded-.*|host|connection|content-length|transfer-encoding)$/;

/** Draft -11. */
export const draft11: CheckedProfile = {
  wire,
  /**
   * A signature may cover any field, and fails where the gateway omitted or changed a covered one.
   */
  isCoverable: (name) => !OF_THE_CHECK.test(name),
  resources: ({ draft11Resources = [] }) => draft11Resources,
  createDiscovery: ({ draft11Resources = [], endpoints = {} }, options) =>
    createDiscovery({
      ...options,
      development: draft11Resources.every((id) => id.endsWith(".localhost")),
      transport: createAddressMap(endpoints).documents,
    }),
  trust: (config) => ({ profile: wire, ...serversOf(config) }),
  revokers(config) {
    const { personServers, accessServer } = serversOf(config);
    return accessServer === undefined ? personServers : [...personServers, accessServer];
  },
  /**
   * A level here is one that leads on: with an agent token or a person token its caller gets the
   * next challenge of the resource.
   */
  async judge({ request, requiredLevel: level }, resource) {
    const verifier = resource.verifier(level === "server" ? "revocation" : undefined);
    const pending = await (level === "any" ? verifier.begin(request) : verifier.begin(request, { level }));
    return pending.complete(undefined);
  },
  minimum: ({ requiredLevel }) => ({ level: requiredLevel === "any" ? "agent-token" : requiredLevel }),
  claims({ profile, level, agent, person, grant, server, identityToken }) {
    const { parent_agent, account } = { ...identityToken, ...grant?.claims };
    const jwtClaims = grant?.claims ?? (person ? identityToken : identityToken && ownClaims(identityToken));
    return {
      profile,
      level,
      ...(agent !== undefined && { agent, ...(parent_agent !== undefined && { parent_agent }) }),
      ...(person && { person }),
      ...(grant && { scopes: grant.scopes, ...(account !== undefined && { account }) }),
      ...(server !== undefined && { server }),
      ...(jwtClaims && { jwt_claims: jwtClaims }),
    };
  },
  /**
   * The refusal of the profile, with the requirement that the caller lacks. It never has a resource
   * token, which the resource behind the gateway issues.
   */
  refusal(error, requirement, accepted) {
    const { status, headers, body } = plainRefusal(error, requirement, accepted);
    return { status, headers: { ...headers, ...refusedBy(error) }, body, code: error.code };
  },
};
