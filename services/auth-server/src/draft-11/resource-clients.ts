import { createEndpointMap } from "aauth";
import type { ClientMetadata } from "oidc-provider";
import type { AuthServerConfig } from "../config.ts";

/** Resources of draft -11 whose own pages sign persons in here. */
export interface ResourceClients {
  readonly clients: readonly ClientMetadata[];
  /** What a resource calls a person. */
  readonly subjectOf: (person: string, resource: string) => Promise<string>;
}

/**
 * The clients by which resources sign persons in at their own pages, each under its identifier. They learn the person by the name that stands in tokens for
 * them (draft -11, section 14.1), so that a page knows whether its person is the one whose agent has called.
 */
export function resourceClients(
  { signInPages, endpoints }: Pick<AuthServerConfig, "signInPages" | "endpoints">,
  subjectOf: ResourceClients["subjectOf"],
): ResourceClients {
  const { browserUrl } = createEndpointMap(endpoints);
  const byResource = Map.groupBy(signInPages, (page) => new URL(page).origin);
  return {
    subjectOf,
    clients: [...byResource].map(([resource, pages]) => ({
      client_id: resource,
      client_name: new URL(resource).host,
      token_endpoint_auth_method: "none",
      response_types: ["code"],
      grant_types: ["authorization_code"],
      redirect_uris: pages.map(browserUrl),
      subject_type: "pairwise", // hole T45
    })),
  };
}
