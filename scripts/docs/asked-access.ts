import type { FastifyInstance } from "fastify";

/** What an application answers to a request that brings nothing. */
interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly payload: string;
}

/** What a caller is told that brings nothing, and what it would have to bring. */
const REFUSALS: readonly (readonly [status: number, told: RegExp, words: string])[] = [
  [401, /Agent identity not found/, "signature of the agent (profile 6.1)"],
  [
    400,
    /Missing required parameter: (request_token|consent_code)/,
    "a browser, signed in; `$1` (profile 6.5)",
  ],
  [400, /User session not found/, "a browser, signed in (profile 6.5)"],
  [400, /(?:sign-in|request) has expired/, "a browser with a sign-in under way"],
];

/**
 * What a route demands that declares no level, found out by asking it: once with nothing, and where it wants a bearer token, with a
 * user's. A route that stops checking says so in the page.
 *
 * @param userToken an access token of a person without further rights, where the application has people
 */
export async function askedAccess(
  app: FastifyInstance,
  method: string,
  url: string,
  userToken: () => Promise<string | undefined>,
): Promise<string> {
  const ask = (headers: Record<string, string> = {}): Promise<Answer> =>
    app.inject({
      method: method as "GET",
      url: url.replace(/:\w+/g, "x").replace("*", "x"),
      headers: { host: "localhost:8080", ...headers },
    });
  const answer = await ask();
  if (answer.statusCode === 401 && answer.headers["www-authenticate"] !== undefined) {
    const asUser = await ask({ authorization: `Bearer ${await userToken()}` });
    return asUser.statusCode < 400 ? "an access token" : "the administrator's token";
  }
  for (const [status, told, words] of REFUSALS) {
    const found = answer.statusCode === status ? told.exec(answer.payload) : null;
    if (found !== null) return words.replace("$1", found[1] ?? "");
  }
  const isRefused = answer.statusCode === 401 || answer.statusCode === 403;
  return isRefused ? `refused with ${answer.statusCode}` : "nothing";
}

/** An access token of the demo realm's user, from an application that is the auth server; undefined from any other. */
export async function userTokenOf(app: FastifyInstance): Promise<string | undefined> {
  const body = {
    grant_type: "password",
    client_id: "supply-chain-ui",
    username: "mcp-user",
    password: "user123",
  };
  const reply = await app.inject({
    method: "POST",
    url: "/realms/aauth-test/protocol/openid-connect/token",
    headers: { host: "localhost:8080", "content-type": "application/x-www-form-urlencoded" },
    payload: new URLSearchParams({ ...body, scope: "openid" }).toString(),
  });
  return reply.statusCode === 200 ? (reply.json() as { access_token: string }).access_token : undefined;
}
