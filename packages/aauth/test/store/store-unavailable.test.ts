/** A store that is down: every operation that needs it is refused with 503 `store_unavailable`. */

import { describe, expect, test } from "vitest";
import { StoreUnavailableError } from "../../src/errors.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import type { AAuthEvent } from "../../src/profile/events.ts";
import { plainRefusal } from "../../src/resource/challenge.ts";
import { createResource } from "../../src/resource/create-resource.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { createMemoryStores, type Stores } from "../../src/store/stores.ts";
import {
  A_PERSON,
  discoveryOf,
  keys,
  now,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  refusal,
  requestOf,
  verifierOf,
} from "../draft-11/kit.ts";
import { refusal as februaryRefusal, requestOf as februaryRequestOf, parties } from "../resource/kit.ts";
import { ALICE, AS, createWorld, PERSON, PS, storesOf } from "../server/world.ts";

const HOST = "db.internal:5432";
const unavailable = () => new StoreUnavailableError(HOST, { cause: new Error("connect ECONNREFUSED") });

/** Wraps a store so that its calls are rejected while `isDown` returns true. */
const failing = <Store extends object>(store: Store, isDown = () => true): Store =>
  new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => (isDown() ? Promise.reject(unavailable()) : method(...args));
    },
  });

function expectUnavailable(answer: { status: number; headers: object; body: unknown } | undefined): void {
  expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
  const text = JSON.stringify(answer);
  expect(text).toContain("store_unavailable");
  expect(text).not.toMatch(/db\.internal|ECONNREFUSED|\.ts:/);
}

describe("a resource", () => {
  const resourceWith = (stores: Stores) =>
    createResource({
      resource: RESOURCE,
      key: keys.resource,
      personServers: [PERSON_SERVER],
      stores,
      discovery: discoveryOf(),
      now,
    });

  const memory = createMemoryStores({ now });
  const withoutRevocations: Stores = { ...memory, records: (name) => failing(memory.records(name)) };
  const withoutReplay: Stores = { ...memory, claims: (name) => failing(memory.claims(name)) };

  test.each([
    ["replay", withoutReplay],
    ["revocations", withoutRevocations],
  ])("V4: accepts no request without its store of %s", async (_name, stores) => {
    const resource = resourceWith(stores);
    const request = await requestOf({
      signatureKey: { scheme: "jwt", jwt: await personToken() },
      body: "{}",
    });
    expectUnavailable((await resource.admit(request, A_PERSON)).answer);
  });

  test("V4: does not confirm a revocation that it could not keep", async () => {
    const resource = resourceWith(withoutRevocations);
    const request = await requestOf({
      url: `${RESOURCE}/aauth/revoke`,
      body: JSON.stringify({ jti: "a", exp: now() + 60 }),
      key: keys.person,
      signatureKey: { scheme: "jwks_uri", id: PERSON_SERVER, document: "aauth-person.json" },
    });
    expectUnavailable(await resource.handle(request));
  });

  test("V4: has an observer see the refusal, and the check that failed", async () => {
    const seen: AAuthEvent[] = [];
    const replayStore = failing(createMemoryClaimStore({ now }));
    const verifier = verifierOf({ replayStore, observer: (event) => void seen.push(event) });
    const error = await refusal(verifier, await requestOf({ body: "{}" }));
    expect(seen).toEqual([expect.objectContaining({ type: "request_refused", error })]);
    expect([error.code, error.check]).toEqual(["store_unavailable", "replay"]);
  });

  test("V4: refuses in February 2026, too, without a challenge", async () => {
    const replayStore = failing(createMemoryClaimStore({ now }));
    const requirement = { level: "identified" } as const;
    const error = await februaryRefusal(
      parties.createVerifier({ replayStore }),
      await februaryRequestOf({ body: "{}" }),
      requirement,
    );
    const answer = plainRefusal(error, requirement, [february2026]);
    expectUnavailable(answer);
    expect(answer.headers).not.toHaveProperty("agent-auth");
  });
});

describe("a server, whichever of its calls of stores is rejected", () => {
  /** Stores whose call `at` is rejected, and whether it was reached. */
  function storesDownAt(at: number) {
    let calls = 0;
    const isDown = () => ++calls === at;
    const stores = storesOf(
      () => failing(createMemoryRecordStore<unknown>(), isDown),
      failing(createMemoryClaimStore(), isDown),
    );
    return { stores, isReached: () => calls >= at };
  }

  const decide = () => ({ type: "grant" }) as const;

  test("V4: a person server answers 503", async () => {
    for (let at = 1; ; at++) {
      const { stores, isReached } = storesDownAt(at);
      const world = createWorld({ ps: { personOf: () => ALICE, decide, stores } });
      const answer = await world.send(await world.agent(), "POST", PERSON, { resource: RESOURCE });
      if (!isReached()) {
        expect([answer.status, at > 5]).toEqual([200, true]);
        break;
      }
      expectUnavailable(answer);
    }
  });

  test("V4: an access server answers 503", async () => {
    for (let at = 1; ; at++) {
      const { stores, isReached } = storesDownAt(at);
      const world = createWorld({ ps: { personOf: () => ALICE, decide }, as: { stores } });
      const agent = await world.agent();
      const { jwt: agent_token } = agent.credential as { jwt: string };
      const body = { ...(await world.pair(agent, { accessServer: AS })), agent_token };
      const answer = await world.send(world.server(PS), "POST", `${AS}/aauth/access/token`, body);
      if (!isReached()) {
        expect([answer.status, at > 5]).toEqual([200, true]);
        break;
      }
      expectUnavailable(answer);
    }
  });
});
