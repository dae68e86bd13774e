/** A Workers module: settings are its binding, and its stores those of its one isolate. */

import { createMemoryClaimStore, createMemoryRecordStore, type Stores } from "aauth";
import { protect } from "aauth/fetch";
import { handle } from "./handle.ts";
import { BOUNDS, createReports, requirementOf, type Settings } from "./reports.ts";

const stores = ({ knownSince }: Settings): Stores => ({
  knownSince,
  claims: () => createMemoryClaimStore(),
  records: () => createMemoryRecordStore(),
});

let gate: Promise<(request: Request) => Promise<Response>> | undefined;

async function createGate(settings: Settings) {
  return protect(await createReports(settings, stores(settings)), requirementOf(settings), handle, BOUNDS);
}

export default {
  async fetch(request: Request, env: { readonly SETTINGS: string }): Promise<Response> {
    gate ??= createGate(JSON.parse(env.SETTINGS));
    return (await gate)(request);
  },
};
