import { type Cleared, clearedSchema } from "backend-api";
import type { ApiClient } from "./client.ts";

/** Revokes, at the auth server, everything the signed-in user has consented to. */
export function revokeConsent(client: ApiClient): Promise<Cleared> {
  return client.json({ method: "DELETE", path: "/optimization/consent" }, clearedSchema);
}
