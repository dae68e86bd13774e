import { createAddressMap } from "aauth";
import type { ClientMetadata } from "oidc-provider";
import type { PersonServerConfig } from "../config.ts";

/**
 * OpenID clients of the resources that sign people in on their own pages, each named by its
 * identifier.
 */
export function resourceClients({
  signInPages,
  endpoints,
}: Pick<PersonServerConfig, "signInPages" | "endpoints">): ClientMetadata[] {
  const { browserUrl } = createAddressMap(endpoints);
  const byResource = Map.groupBy(signInPages, (page) => new URL(page).origin);
  return [...byResource].map(([resource, pages]) => ({
    client_id: resource,
    client_name: new URL(resource).host,
    token_endpoint_auth_method: "none",
    response_types: ["code"],
    grant_types: ["authorization_code"],
    redirect_uris: pages.map(browserUrl),
    subject_type: "pairwise",
  }));
}
