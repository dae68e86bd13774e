import { createResource, type ResourceOptions } from "../../src/resource/create-resource.ts";
import { authToken, discoveryOf, keys, now, PERSON_SERVER, RESOURCE, requestOf } from "../draft-11/kit.ts";

/** A resource behind a gate. */
export const resourceOf = (over: Partial<ResourceOptions> = {}) =>
  createResource({
    resource: RESOURCE,
    key: keys.resource,
    personServers: [PERSON_SERVER],
    scopes: ["data.read"],
    scopeDescriptions: { "data.read": "Read your data" },
    discovery: discoveryOf(),
    now,
    ...over,
  });

export const TO_READ = { level: "auth-token", scopes: ["data.read"] } as const;

/** A request that meets `TO_READ`. */
export const signed = async (over: Parameters<typeof requestOf>[0] = {}) =>
  requestOf({
    signatureKey: {
      scheme: "jwt",
      jwt: await authToken({ key: keys.person, issuer: PERSON_SERVER }),
    },
    ...over,
  });
