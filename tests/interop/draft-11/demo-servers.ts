/** Our person server and access server as the demo serves them, with a person at the page. */

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createAddressMap, draft11, importSigningKey, signRequest } from "aauth";
import { issueAgentToken } from "aauth/server";
import { parseRequirement } from "aauth/wire";
import { type Browser, createBrowser, readForm } from "../../../services/auth-server/test/support/browser.ts";
import { signIn } from "../../../services/auth-server/test/support/sign-in.ts";
import { buildPersonServer } from "../../../services/person-server/src/app.ts";
import { testConfig } from "../../../services/person-server/test/support/person-server.ts";
import { personNamed, signInBy } from "../../../services/person-server/test/support/test-sign-in.ts";
import { KEYS } from "./keys.ts";
import { serveOurProvider } from "./our-agent.ts";
import type { OurParty } from "./ours.ts";
import { byIdentifier, type Endpoints, PARTIES } from "./parties.ts";

/** The person whom the agents name by `login_hint`. */
const DANA = { username: "dana", password: "user123" };
/** Identifier of the peers' agents. */
const AGENT = "aauth:Planner@agent.example";

/**
 * Serves at the endpoints of both. The person is signed in and allows every request of an agent.
 *
 * @param how `known`: the person has allowed the peers' agent before
 */
export async function startDemoServers(endpoints: Endpoints, how: readonly string[]): Promise<OurParty> {
  const entries = Object.entries(byIdentifier(endpoints));
  const port = Number(new URL(endpoints.ps).port);
  const url = `http://localhost:${port}`;
  const config = testConfig({
    AAUTH_ENDPOINTS: entries.map(([party, origin]) => `${party}=${origin}`).join(" "),
    PERSON_SERVER_PORT: String(port),
    PERSON_SERVER_URL: url,
    PERSON_SERVER_ID: PARTIES.ps,
    PERSON_SERVER_RESOURCES: PARTIES.resource,
    PERSON_SERVER_ALLOWED_SCOPES: "data.read data.waiting",
    PERSON_SERVER_CONSENT_SCOPES: "data.waiting",
    ACCESS_SERVER_ID: PARTIES.as,
    ACCESS_SERVER_RESOURCES: PARTIES.resource,
  });
  const app = await buildPersonServer(config, {
    signIn: signInBy((name) => ({ ...personNamed(name), subject: name })),
  });
  await app.listen({ host: "127.0.0.1", port });
  const access = createServer((socket) => {
    const behind = connect(port, "127.0.0.1");
    socket.pipe(behind).pipe(socket);
    for (const end of [socket, behind]) end.on("error", () => end.destroy());
  });
  access.listen(Number(new URL(endpoints.as).port), "127.0.0.1");
  await once(access, "listening");

  const browser = createBrowser();
  await signIn(browser, `${url}/granted`, DANA);
  // A peer's agent opens the page without a session, in place of its user's browser; the person
  // opens it afterwards.
  app.server.on("request", ({ url: target = "", headers }) => {
    if (target.startsWith("/interaction?") && headers.cookie === undefined)
      void allow(browser, `${url}${target}`);
  });
  if (how.includes("known")) await allowBefore(endpoints, browser, url);
  return {
    facts: () => [],
    async stop() {
      access.close();
      await app.close();
    },
  };
}

async function allow(browser: Browser, page: string): Promise<void> {
  const shown = await browser.follow(page, await browser.get(page));
  const text = await shown.response.text();
  const { action, fields } = readForm(text.slice(text.indexOf('<form method="post"')));
  if (action !== "") await browser.post(new URL(action, shown.url).href, { ...fields, accept: "yes" });
}

async function allowBefore(endpoints: Endpoints, browser: Browser, own: string): Promise<void> {
  const { provider, close } = await serveOurProvider(endpoints);
  const key = await importSigningKey(KEYS.agent.jwk, { kid: "agent-1" });
  const { token: jwt } = await issueAgentToken({
    key: provider,
    issuer: PARTIES.agent,
    agent: AGENT,
    personServer: PARTIES.ps,
    confirmationKey: key.publicJwk,
  });
  const url = `${PARTIES.ps}/aauth/person`;
  const body = new TextEncoder().encode(
    JSON.stringify({ resource: PARTIES.resource, capabilities: ["interaction"] }),
  );
  const message = { method: "POST", url, headers: { "content-type": "application/json" }, body };
  const signer = { profile: draft11, key, signatureKey: { scheme: "jwt", jwt } } as const;
  const { headers } = await signRequest(message, signer);
  const map = createAddressMap({ [PARTIES.ps]: endpoints.ps });
  const answer = await map.requests(url, {
    method: "POST",
    headers: { ...message.headers, ...headers },
    body,
  } as never);
  close();
  const { code } = parseRequirement(answer.headers.get("aauth-requirement") ?? "");
  await allow(browser, `${own}/interaction?code=${code}`);
}
