import { createMemoryStores, generateSigningKey } from "aauth";
import { expect, test } from "vitest";
import { createTestDiscovery } from "../../../../../packages/aauth/test/february-2026/parties.ts";
import { createGrants } from "../../../src/february-2026/grants.ts";
import { code } from "../../../src/february-2026/request-types/code.ts";
import { exchange } from "../../../src/february-2026/request-types/exchange.ts";
import { refresh } from "../../../src/february-2026/request-types/refresh.ts";
import type {
  RequestType,
  RequestTypeContext,
} from "../../../src/february-2026/request-types/request-type.ts";
import { parsePolicy } from "../../../src/realm/policy.ts";

const AGENT = "http://backend.localhost:8000";
const RESOURCE = "http://resource.localhost:3000";
const ISSUER = "http://as.localhost";

test("a removed or disabled user gets no more tokens, also by exchange of an earlier one", async () => {
  const { publicJwk: key, thumbprint } = await generateSigningKey({ kid: "k" });
  const grants = createGrants(createMemoryStores({ now: () => 0 }));
  const context = {
    issuer: ISSUER,
    grants,
    consentSeconds: 600,
    development: false,
    accounts: { find: async (id: string) => (id === "user" ? { id } : undefined) },
    issueToken: async () => ({}),
    checkResourceToken: async (scope: string) => ({ iss: RESOURCE, scope }),
    discovery: createTestDiscovery({}),
  } as unknown as RequestTypeContext;
  const policy = parsePolicy({ "aauth.exchange.agents": JSON.stringify([AGENT]) });
  const requester = { agent: AGENT, identified: true, key, thumbprint };
  const ask = (type: RequestType, form: Record<string, string>, upstream?: object) =>
    type.answer(
      { form: new Map(Object.entries(form)), policy, requester: { ...requester, ...(upstream as object) } },
      context,
    );

  for (const subject of ["user", "gone"]) {
    const grant = { agent: AGENT, resource: RESOURCE, scope: "read", subject };
    const redirect_uri = `${AGENT}/callback`;
    const secret = await grants.codes.issue({ ...grant, key, thumbprint, redirectUri: redirect_uri }, 60);
    const refresh_token = await grants.refreshTokens.issue(grant, 60);
    const upstream = { iss: ISSUER, aud: AGENT, agent: "http://caller.localhost", scope: "read", exp: 9e9 };
    for (const answer of [
      () => ask(code, { code: secret, redirect_uri }),
      () => ask(refresh, { refresh_token }),
      () => ask(exchange, { resource_token: "read" }, { upstream: { ...upstream, sub: subject } }),
    ]) {
      if (subject === "user") expect(await answer()).toBeDefined();
      else await expect(answer()).rejects.toMatchObject({ status: 400, code: "invalid_grant" });
    }
  }
});
