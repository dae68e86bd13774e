/** The attacked resource, the same on every framework and runtime. */

import {
  createAddressMap,
  createDiscovery,
  importSigningKey,
  type PrivateJwk,
  type Requirement,
  type Stores,
} from "aauth";
import { february2026Resource } from "aauth/february-2026";
import { createResource, type Resource } from "aauth/resource";

export const RESOURCE = "https://reports.example";
export const FEBRUARY_RESOURCE = "http://reports.localhost:4001";
export const MAX_BODY_BYTES = 4_096;
/** Short bounds of the gates, so that attacks on them take little time. */
export const BOUNDS = { maxBodyBytes: MAX_BODY_BYTES, bodyTimeoutMs: 2_000 };
/** Field of an answer that a handler has made. */
export const SERVED = "x-served";

/** Settings that a server gets from the test: plain JSON. */
export interface Settings {
  readonly dialect: "draft-11" | "february-2026";
  /** Its private key, the same for all servers because the parties cache the public one. */
  readonly key: PrivateJwk;
  /** Its person server, in February 2026 its auth server. */
  readonly issuer: string;
  /** Addresses of the draft -11 parties, by identifier. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Port to listen at. */
  readonly port?: number;
}

export const requirementOf = ({ dialect }: Settings): Requirement =>
  dialect === "draft-11"
    ? { level: "auth-token", scopes: ["reports.read"] }
    : { level: "authorized", scopes: ["reports.read"] };

export async function createReports(settings: Settings, stores?: Stores): Promise<Resource<string>> {
  const key = await importSigningKey(settings.key);
  if (settings.dialect === "february-2026") {
    const { issuer: authServer } = settings;
    return createResource({
      profile: february2026Resource({ authServer }),
      resource: FEBRUARY_RESOURCE,
      key,
      development: true,
    });
  }
  return createResource({
    resource: RESOURCE,
    personServers: [settings.issuer],
    key,
    stores,
    scopeDescriptions: { "reports.read": "Read your reports" },
    discovery: createDiscovery({ transport: createAddressMap(settings.endpoints).documents }),
  });
}

/** A handler's answer: the request as it was received. */
export const seen = (method: string, body: string) => ({ method, body });
