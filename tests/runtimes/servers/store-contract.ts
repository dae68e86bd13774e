/**
 * A Workers module that runs a test of the stores' contracts over Durable Objects, by its title.
 */

import type { ClaimStore, RecordStore, Stores } from "aauth";
import { claimStoreContract, type OpenTestStore, recordStoreContract } from "aauth/testing";
import {
  createDurableObjectStores,
  type ObjectNamespace,
  StoreObject as PublishedObject,
} from "aauth-stores/durable-object";

/** Seconds that the objects' clock is ahead: they share this isolate. */
let ahead = 0;
let names = 0;

export class StoreObject extends PublishedObject {
  constructor(state: ConstructorParameters<typeof PublishedObject>[0]) {
    super(state, undefined, () => Date.now() / 1000 + ahead);
  }
}

const opened =
  <Store>(open: (name: string, bounds: { maxEntries: number }) => Store): OpenTestStore<Store> =>
  (bounds) => ({
    store: open(`${names++}`, bounds),
    advance(seconds) {
      ahead += seconds;
    },
  });

async function run(stores: Stores, suite: string, title: string): Promise<void> {
  if (suite === "claims") {
    const open = opened<ClaimStore>((name, bounds) => stores.claims(name, bounds));
    return claimStoreContract.find((test) => test.title === title)!.run(open);
  }
  const open = opened<RecordStore<unknown>>((name, bounds) => stores.records(name, bounds));
  return recordStoreContract.find((test) => test.title === title)!.run(open);
}

export default {
  async fetch(request: Request, env: { readonly STORES: ObjectNamespace }): Promise<Response> {
    const [suite, title]: [string, string] = JSON.parse(await request.text());
    try {
      await run(createDurableObjectStores(env.STORES, { deadlineMs: 20_000 }), suite, title);
      return new Response("holds");
    } catch (error) {
      return new Response(error instanceof Error ? error.stack : String(error));
    }
  },
};
