/**
 * A runtime that does not report when its process began, such as Workers, where memory belongs to
 * one isolate.
 */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { createResource } from "../../src/resource/create-resource.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import { ANY_AGENT, discoveryOf, keys, now, PERSON_SERVER, RESOURCE, requestOf } from "../draft-11/kit.ts";

const common = { resource: RESOURCE, key: keys.resource, discovery: discoveryOf(), now };

beforeEach(() => {
  vi.spyOn(performance, "timeOrigin", "get").mockReturnValue(0);
});

describe("without a process", () => {
  test("E6: refuses an unsafe method without a store, and accepts a safe one", async () => {
    const resource = createResource(common);
    const posted = await requestOf({ method: "POST", body: "{}" });
    expect((await resource.admit(posted, ANY_AGENT)).answer?.status).toBe(503);
    expect((await resource.admit(await requestOf(), ANY_AGENT)).caller?.profile).toBe("draft-11");
  });

  test("accepts an unsafe method once with a store", async () => {
    const verify = createMemoryClaimStore({ now });
    const stores = { claims: () => verify, records: () => expect.unreachable() };
    const resource = createResource({ ...common, stores });
    const posted = await requestOf({ method: "POST", body: "{}" });
    expect((await resource.admit(posted, ANY_AGENT)).answer).toBeUndefined();
    const { answer } = await resource.admit(posted, ANY_AGENT);
    expect(answer?.headers["aauth-refusal"]).toContain("code=signature_replayed");
  });

  test("E6: has no stores in memory, and no resource for persons without stores", () => {
    expect(() => createMemoryStores()).toThrow(TypeError);
    expect(() => createResource({ ...common, personServers: [PERSON_SERVER] })).toThrow(TypeError);
  });
});
