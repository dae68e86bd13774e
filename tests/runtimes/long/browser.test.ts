/** The agent in a page of Chromium, calling parties on other origins. */

import type { webcrypto } from "node:crypto";
import { request as send } from "node:http";
import { text } from "node:stream/consumers";
import type { PublicJwk } from "aauth";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startBrowser } from "../../support/browser.ts";
import { table, testPage } from "../answers.ts";
import { bundle } from "../bundle-worker.ts";
import { NODE_SERVERS } from "../node-servers.ts";
import { AGENT, draft11Parties, listen, type Parties } from "../parties.ts";
import { source } from "../runtime-servers.ts";
import type { PageAnswer, PageSettings } from "../servers/browser-agent.ts";

let parties: Parties;
let browser: Browser;
beforeAll(async () => {
  [parties, browser] = await Promise.all([draft11Parties(), startBrowser()]);
});
afterAll(() => Promise.all([parties.stop(), browser.close()]));

/**
 * A party with the CORS that its owner needs for pages of other origins, with all fields exposed.
 */
async function forPages(origin: string): Promise<string> {
  const open = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };
  const front = await listen((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    if (method === "OPTIONS") {
      const asked = headers["access-control-request-headers"] ?? "";
      const methods = { "access-control-allow-methods": "*", "access-control-allow-headers": asked };
      outgoing.writeHead(204, { ...open, ...methods }).end();
      return;
    }
    const onward = send(`${origin}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, { ...answer.headers, ...open });
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  onTestFinished(front.stop);
  return front.origin;
}

/** Serves the page, with its server's endpoints. */
async function servePage() {
  const script = await bundle(source("browser-agent.ts"), ["browser", "import"]);
  const served = await listen(async (request, response) => {
    if (request.url === "/agent.js") {
      response.setHeader("content-type", "text/javascript").end(script);
      return;
    }
    if (request.method === "GET") {
      response.setHeader("content-type", "text/html");
      response.end('<!doctype html><title>An agent</title><script type="module" src="/agent.js"></script>');
      return;
    }
    const body = await text(request);
    if (request.url === "/approve") {
      await parties.agentSide!.approve(body);
      response.end();
    } else response.end(await parties.agentSide!.agentToken(JSON.parse(body) as PublicJwk));
  });
  onTestFinished(served.stop);
  return served.origin;
}

type InPage = typeof globalThis & {
  callResource(settings: PageSettings): Promise<readonly PageAnswer[]>;
  isExported: boolean[];
};

const outcomes: (readonly [tried: string, outcome: string])[] = [];
test("a page makes whole calls with a key that does not leave it", async () => {
  const { settings, url } = parties;
  const server = await NODE_SERVERS["node:http"]!.start(settings);
  onTestFinished(() => void server.stop());
  const endpoints = {
    ...settings.endpoints,
    ...parties.agentSide!.resourceAt(server.port),
  };
  const open = await Promise.all(
    Object.entries(endpoints).map(async ([identifier, at]) => [identifier, await forPages(at)]),
  );
  const page = await browser.newPage();
  // Whether the platform exports a private key that it has generated.
  await page.addInitScript(() => {
    const inPage = globalThis as InPage;
    inPage.isExported = [];
    const { subtle } = crypto;
    const make = subtle.generateKey.bind(subtle) as (...args: unknown[]) => Promise<webcrypto.CryptoKeyPair>;
    Object.assign(subtle, {
      async generateKey(...args: unknown[]) {
        const pair = await make(...args);
        const exported = subtle.exportKey("jwk", pair.privateKey);
        inPage.isExported.push(
          await exported.then(
            () => true,
            () => false,
          ),
        );
        return pair;
      },
    });
  });
  await page.goto(await servePage());
  await page.waitForFunction(() => "callResource" in globalThis);
  const given = { id: AGENT, personServer: settings.issuer, url, endpoints: Object.fromEntries(open) };
  const answers = await page.evaluate((own) => (globalThis as InPage).callResource(own), given);
  expect(answers).toEqual([
    { status: 200, isServed: true, text: '{"method":"GET","body":""}' },
    { status: 200, isServed: true, text: '{"method":"GET","body":""}' },
    { status: 200, isServed: true, text: '{"method":"POST","body":"from a page"}' },
  ]);
  const isExported = await page.evaluate(() => (globalThis as InPage).isExported);
  expect(isExported).toEqual([false]);
  const tried = [
    "a whole call: challenges, a person who agrees, tokens, the answer",
    "a second call, with the token that is there",
    "a signed POST, whose handler reads the body",
  ];
  for (const [index, name] of tried.entries()) {
    const { status, isServed } = answers[index]!;
    outcomes.push([name, `${status}${isServed ? ", served" : ""}`]);
  }
  outcomes.push([
    "an export of the agent's private key",
    isExported[0] ? "the key" : "refused by the browser",
  ]);
});
testPage("browser", () => table(["An agent in a page of Chromium", "Outcome"], ["---", "---"], ...outcomes));
