/**
 * `node bench/abuse/sign-ins.ts [--attack requests|passwords]`: 250 requests a second from another
 * address, which begin sign-ins and never finish them, or try wrong passwords for the honest user's
 * account. The honest user takes four seconds to fill in the form; other honest users sign in
 * beside.
 *
 * @module
 */

import { setTimeout as pause } from "node:timers/promises";
import { type Browser, createBrowser, readForm } from "../../services/auth-server/test/support/browser.ts";
import { MCP_USER } from "../../services/auth-server/test/support/sign-in.ts";
import { type Attack, attackStack, choice, flood } from "./support/phases.ts";

const ATTACKER = "127.0.0.2";
const PER_SECOND = 250;
const CONNECTIONS = 10;
const TYPING_MS = 4_000;
const attack = choice("attack", ["requests", "passwords"]);

/** A form that is shown, and when it was. */
interface OpenForm {
  readonly browser: Browser;
  readonly action: string;
  readonly shownAtMs: number;
}

async function open(page: string): Promise<OpenForm> {
  const browser = createBrowser();
  const { response, url } = await browser.follow(page, await browser.get(page));
  const { action } = readForm(await response.text());
  return { browser, action: new URL(action, url).href, shownAtMs: performance.now() };
}

async function finish({ browser, action }: OpenForm): Promise<number> {
  const { username, password } = MCP_USER;
  const { response } = await browser.follow(action, await browser.post(action, { username, password }));
  await response.text();
  return response.status;
}

await attackStack(
  ({ ports, urls }): Attack => {
    const page = `${urls.personServer}/granted`;
    const base = `${new URL(urls.issuer).pathname}/protocol/openid-connect`;
    const query = new URLSearchParams({
      client_id: "supply-chain-ui",
      redirect_uri: `${urls.ui}/`,
      response_type: "code",
      scope: "openid",
      code_challenge: "a".repeat(43),
      code_challenge_method: "S256",
    });
    const guess = new URLSearchParams({
      grant_type: "password",
      client_id: "supply-chain-ui",
      username: MCP_USER.username,
      password: "wrong",
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const to = { port: ports.authServer, connections: CONNECTIONS, perSecond: PER_SECOND, from: ATTACKER };
    const forms: OpenForm[] = [];
    return {
      title: `${PER_SECOND} ${attack} a second from ${ATTACKER}, at the sign-in`,
      service: "auth-server",
      attack:
        attack === "requests"
          ? flood({ ...to, request: { method: "GET", path: `${base}/auth?${query}` } })
          : flood({
              ...to,
              request: { method: "POST", path: `${base}/token`, headers: form, body: guess.toString() },
            }),
      plain: flood({ ...to, request: { method: "GET", path: "/nothing-here" } }),
      async honest() {
        forms.push(await open(page));
        // So that a phase has as many forms open as people need.
        await pause(50);
        const [oldest] = forms;
        if (oldest === undefined || performance.now() - oldest.shownAtMs < TYPING_MS) return 200;
        forms.shift();
        return finish(oldest);
      },
    };
  },
  { modes: { profile: "draft-11", mode: "person-server" } },
);
