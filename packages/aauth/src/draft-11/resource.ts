/**
 * Documents and endpoints of a draft -11 resource.
 *
 * @module
 */

import { jwksOf } from "../keys/jwks.ts";
import type { ResourceIdentity, ResourceRules } from "../profile/resource-rules.ts";
import { agentProviderMetadata, resourceMetadata } from "./documents.ts";
import { DOCUMENTS } from "./names.ts";

const AUTHORIZATION_PATH = "/aauth/authorize";
const REVOCATION_PATH = "/aauth/revoke";
/** `@query` is demanded only of requests that have a query. */
// hole E1a: ["content-digest", "content-type"]
const DEFAULT_COMPONENTS = ["content-digest", "content-type", "@query"];

function publish(identity: ResourceIdentity): ReturnType<ResourceRules["publish"]> {
  const { resource, accessServer, personServers = [], scopes, scopeDescriptions, agent, about } = identity;
  const { toleranceSeconds, additionalSignatureComponents: components = DEFAULT_COMPONENTS } = identity;
  if (identity.accept !== undefined) {
    throw new TypeError("accept is not supported with draft -11");
  }
  const takesPersons = personServers.length > 0;
  if (!takesPersons && (accessServer ?? scopes) !== undefined) {
    throw new TypeError("personServers is missing: accessServer and scopes need it");
  }
  const document = resourceMetadata({
    ...about,
    issuer: resource,
    additional_signature_components: components,
    ...(toleranceSeconds !== undefined && { signature_window: toleranceSeconds }),
    ...(takesPersons && { revocation_endpoint: resource + REVOCATION_PATH }),
    ...(scopes && { authorization_endpoint: resource + AUTHORIZATION_PATH }),
    ...(scopeDescriptions && { scope_descriptions: scopeDescriptions }),
  });
  return {
    documents: {
      [DOCUMENTS.resource]: document,
      ...(agent && { [DOCUMENTS.agent]: agentProviderMetadata({ ...agent, issuer: resource }) }),
    },
    additionalComponents: components,
    revocation: {
      path: REVOCATION_PATH,
      issuers: [...personServers, ...(accessServer === undefined ? [] : [accessServer])],
    },
    authorizationPath: scopes && AUTHORIZATION_PATH,
    endpoints: [],
  };
}

/** Limits count agents and servers by their owner, and the agents of a person by that person. */
export const resource: ResourceRules = {
  publish,
  keySet: jwksOf,
  limited: {
    "agent-token": { countedBy: "owner" },
    "person-token": { countedBy: "owner" },
    "auth-token": { countedBy: "owner" },
  },
  limitedAs: ({ person }, isRaised) => {
    if (person === undefined) return "agent-token";
    return isRaised ? "auth-token" : "person-token";
  },
};
