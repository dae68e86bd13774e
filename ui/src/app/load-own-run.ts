// Must precede the creation of any schema.
import "../config/zod-without-eval.ts";
import { type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import { apiRoutes } from "backend-api";
import { createApiClient } from "../api/client.ts";
import { createAccessTokens } from "../auth/access-tokens.ts";
import { createUserManager } from "../auth/user-manager.ts";
import { loadRuntimeConfig } from "../config/runtime-config.ts";

/** A run of the signed-in user. */
export interface OwnRun {
  readonly profile: "february-2026" | "draft-11";
  readonly run: ProtocolRun;
}

/**
 * Reads a run's trace for a page other than the workspace, with the session of this tab.
 *
 * @throws ApiFailure, also if the user is not signed in; Error for an unusable configuration
 */
export async function loadOwnRun(requestId: string): Promise<OwnRun> {
  const config = await loadRuntimeConfig();
  const userManager = createUserManager(config);
  // Silent renewal would outlive this call, and another manager may use the same refresh token.
  userManager.stopSilentRenew();
  const client = createApiClient({
    backendUrl: config.backendUrl,
    accessTokens: createAccessTokens(userManager),
    onSessionLapsed: () => {},
  });
  const { traces } = await client.call(apiRoutes.runTrace, { params: { id: requestId } });
  return { profile: config.profile ?? "february-2026", run: readProtocolRun(traces) };
}
