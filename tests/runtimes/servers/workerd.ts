/** A Workers module: settings are its binding, and its stores Durable Objects. */

import { protect } from "aauth/fetch";
import { createDurableObjectStores, type ObjectNamespace } from "aauth-stores/durable-object";
import { handle } from "./handle.ts";
import { BOUNDS, createReports, requirementOf, type Settings } from "./reports.ts";

export { StoreObject } from "aauth-stores/durable-object";

interface Env {
  readonly SETTINGS: string;
  readonly STORES: ObjectNamespace;
}

let gate: Promise<(request: Request) => Promise<Response>> | undefined;

async function createGate({ SETTINGS, STORES }: Env) {
  const settings: Settings = JSON.parse(SETTINGS);
  const reports = await createReports(settings, createDurableObjectStores(STORES));
  return protect(reports, requirementOf(settings), handle, BOUNDS);
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    gate ??= createGate(env);
    return (await gate)(request);
  },
};
