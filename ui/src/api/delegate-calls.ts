import { type Delegate, type DelegateList, delegateListSchema, delegateSchema } from "backend-api";
import type { ApiClient } from "./client.ts";

/** The processes that act under the backend's identity. */
export function listDelegates(client: ApiClient, signal?: AbortSignal): Promise<DelegateList> {
  return client.json({ path: "/delegates", ...(signal && { signal }) }, delegateListSchema);
}

/** Runs one against the supply-chain agent. Resolves when it is done. */
export function runDelegate(client: ApiClient, sub: string): Promise<Delegate> {
  return client.json({ method: "POST", path: `/delegates/${encodeURIComponent(sub)}/run` }, delegateSchema);
}
