import { generateSigningKey } from "aauth";
import { expect, test } from "vitest";
import { memoryStores } from "../../src/create-store.ts";
import { createGrants } from "../../src/grants.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { handleCode } from "../../src/request-types/code.ts";
import { handleRefresh } from "../../src/request-types/refresh.ts";
import type { RequestTypeContext } from "../../src/request-types/request-type.ts";

test("for a user who has been removed or disabled there are no more tokens", async () => {
  const { publicJwk: key, thumbprint } = await generateSigningKey({ kid: "k" });
  const grants = createGrants(
    memoryStores(() => 0),
    () => 0,
  );
  const agent = "http://backend.localhost:8000";
  const grant = { agent, resource: "http://r.localhost", scope: "s", subject: "gone" };
  const redirectUri = `${agent}/callback`;
  const code = await grants.codes.issue({ ...grant, key, thumbprint, redirectUri }, 60);
  const refresh_token = await grants.refreshTokens.issue(grant, 60);

  const context = {
    grants,
    accounts: { find: () => undefined, authenticate: () => undefined },
    issueToken: () => Promise.reject(new Error("must not be reached")),
  } as unknown as RequestTypeContext;
  const requester = { agent, identified: true, key, thumbprint };
  const request = (form: Record<string, string>) => ({
    form: new Map(Object.entries(form)),
    requester,
    policy: parsePolicy({}),
  });
  await expect(handleCode(request({ code, redirect_uri: redirectUri }), context)).rejects.toMatchObject({
    code: "invalid_grant",
    message: "User not found",
  });
  await expect(handleRefresh(request({ refresh_token }), context)).rejects.toMatchObject({
    code: "invalid_grant",
    message: "Error refreshing token: User not found",
  });
});
