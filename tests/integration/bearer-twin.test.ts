import { decodeToken } from "aauth";
import { installLocalhostLookup } from "agent-kit/service";
import { breakItResultSchema } from "backend-api";
import { afterEach, expect, test } from "vitest";
import { signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

/** Starts each service as a process, and the backend twice. */
const LIMIT_MS = 180_000;

let stack: TestStack;
afterEach(() => stack?.stop());

const TOKEN = /eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/g;
const MESSAGE = {
  jsonrpc: "2.0",
  id: 1,
  method: "message/send",
  params: {
    message: { kind: "message", messageId: "m", role: "user", parts: [{ kind: "text", text: "?" }] },
  },
};
const ORDER = { item: "laptop", quantity: 25 };
/** Requests to each listener: those that the twin accepts, and those of the parties. */
const REQUESTS: readonly (readonly [path: string, body?: object])[] = [
  ["/", MESSAGE],
  ["/report"],
  ["/orders", ORDER],
  ["/optimization/start", WITH_MARKET_ANALYSIS],
  ["/aauth/token", {}],
  ["/realms/aauth-test/protocol/aauth/agent/token", {}],
  ["/realms/aauth-test/protocol/openid-connect/userinfo"],
];
/** This party accepts no such credential. */
const REFUSED = new Set([400, 401, 403, 404, 405, 415]);

/** Each listener of the stack directly, and each agent through the gateway. */
function listeners(): readonly string[] {
  const { supplyChainAgent, marketAnalysisAgent, backendAgent } = stack.urls;
  const ports = Object.entries(stack.ports).filter(
    // Only the trace store and the page's files are open to all.
    ([name]) => !["ui", "traceStore", "traceStoreOtlp", "keycloakManagement"].includes(name),
  );
  const direct = ports.map(([, port]) => `http://127.0.0.1:${port}`);
  return [...direct, supplyChainAgent, marketAnalysisAgent, backendAgent];
}

/** Requests with this bearer token that a listener has not refused. */
async function accepted(token: string): Promise<readonly string[]> {
  const asked = listeners().flatMap((base) =>
    REQUESTS.map(async ([path, body]) => {
      const response = await fetch(base + path, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
        redirect: "manual",
      }).catch(() => undefined);
      await response?.body?.cancel();
      return response === undefined || REFUSED.has(response.status)
        ? []
        : [`${response.status} ${base}${path}`];
    }),
  );
  return (await Promise.all(asked)).flat();
}

const isAuthToken = (token: string) => /auth\+jwt$/.test(String(decodeToken(token).header.typ));

test.each([{ profile: "february-2026" }, { profile: "draft-11", mode: "federated" }] as const)(
  "B15: only the twin accepts a bearer token, before, during and after its time: %j",
  async (modes) => {
    stack = await startStack({ modes: { ...modes, showTokens: true }, processes: ["backend"] });
    const userToken = await userAccessToken(stack.urls);
    const user = await signIn(stack, userToken);
    const { end } = await decideAtPages(user, await user.run());
    expect(end.status).toBe("completed");

    // The user's token works at the backend's API only.
    expect(await accepted(userToken)).toContain(`200 ${stack.urls.backendAgent}/optimization/start`);
    // The auth tokens of the run, which the log shows.
    const logged = () => [...new Set(stack.log().match(TOKEN))].filter(isAuthToken);
    await expect.poll(() => logged().length, LOG_WAIT).toBeGreaterThan(0);
    const tokensOfRun = logged();
    for (const token of tokensOfRun) expect(await accepted(token)).toEqual([]);

    const path = `/optimization/${end.request_id}/break-it/stolen-token`;
    const headers = { authorization: `Bearer ${userToken}` };
    const reply = await fetch(stack.urls.backend + path, { method: "POST", headers });
    const { outcome, as_meant, bearer } = breakItResultSchema.parse(await reply.json());
    expect({ outcome, as_meant, succeeded: bearer?.succeeded }).toEqual({
      outcome: "refused",
      as_meant: true,
      succeeded: true,
    });
    const { url, headers: sent } = bearer!.exchanges[0]!.request;
    const twinToken = sent.authorization!.replace("Bearer ", "");
    const atTwin = (token: string) => fetch(url, { headers: { authorization: `Bearer ${token}` } });

    expect((await atTwin(twinToken)).status).toBe(200);
    expect(await accepted(twinToken)).toEqual([]);
    // The twin accepts only its own token.
    for (const token of [...tokensOfRun, userToken]) expect((await atTwin(token)).status).toBe(401);
    for (const token of tokensOfRun) expect(await accepted(token)).toEqual([]);

    // It ends with its backend at the latest.
    await stack.kill("backend");
    await expect(atTwin(twinToken)).rejects.toThrow();
    await stack.startAgain("backend");
    for (const token of [...tokensOfRun, twinToken]) expect(await accepted(token)).toEqual([]);
    expect(stack.log()).not.toContain(twinToken);
  },
  LIMIT_MS,
);
