/** A run as a file: saved on the page, opened from disk without a network. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { draft11, generateSigningKey, jwkThumbprint, signRequest, toJwks } from "aauth";
import { issueAgentToken } from "aauth/server";
import {
  fromBase64,
  MAX_SAVED_RUN_BYTES,
  readSavedRun,
  type SavedAttack,
  type SavedEvidence,
  type SavedMessage,
  type SavedRun,
  savedRunPage,
  toBase64,
} from "aauth-explain";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildViewer } from "../../ui/vite/saved-run-viewer.ts";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };
const folder = mkdtempSync(join(tmpdir(), "saved-run-"));
let browser: Browser;
let viewer: string;

beforeAll(async () => {
  [browser, viewer] = await Promise.all([startBrowser(), buildViewer()]);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a file from disk in a browser without a network. Returns the page and its requests. */
async function open(html: string) {
  const file = join(folder, `${crypto.randomUUID()}.html`);
  writeFileSync(file, html);
  const { page, context, expectComplaint } = await openPage(browser);
  await context.setOffline(true);
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await summary(page).waitFor(WAIT);
  return { page, requests, expectComplaint, address: pathToFileURL(file).href };
}

const summary = (page: Page) => page.getByTestId("saved-summary");
const rows = (page: Page) => page.getByTestId("sequence-picture").locator("li:not([aria-hidden]) button");
const next = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const detail = (page: Page) => page.getByTestId("finding").first();
const at = (page: Page) => page.getByTestId("player").locator("[aria-live]");

const states = async (page: Page) =>
  (await rows(page).allTextContents()).map(
    (text) => /(verified|refused|as recorded)/.exec(text.split(": ").at(-1)!)?.[0],
  );

async function evidenceOf(): Promise<SavedEvidence> {
  const now = () => 1_790_000_000;
  const issuer = "https://agent.example";
  const key = await generateSigningKey({ kid: "agent-1" });
  const own = { key, issuer, agent: "aauth:a@agent.example", confirmationKey: key.publicJwk, now };
  const { token: jwt } = await issueAgentToken(own);
  const body = new TextEncoder().encode('{"quantity":25}');
  const request = { method: "POST", url: "https://resource.example/orders", body };
  const headers = { "content-type": "application/json" };
  const signatureKey = { scheme: "jwt", jwt } as const;
  const signed = await signRequest({ ...request, headers }, { profile: draft11, key, signatureKey, now });
  return {
    method: request.method,
    url: request.url,
    endpoint: "resource",
    body: toBase64(body),
    headers: { ...headers, ...signed.headers },
    keys: [{ id: issuer, jwk: { ...toJwks([key]).keys[0] } }],
  };
}

const messageWith = (evidence?: SavedEvidence, changes: Partial<SavedMessage> = {}): SavedMessage => ({
  from: "a",
  to: "b",
  startMs: 0,
  what: "call",
  sentence: "A call.",
  outcome: "accepted",
  status: 200,
  facts: [],
  checks: [{ party: "b", name: "signature", verdict: "passed" }],
  ...(evidence && { evidence }),
  ...changes,
});
const fileOf = (messages: readonly SavedMessage[], changes: Partial<SavedRun> = {}) =>
  savedRunPage(viewer, {
    format: "aauth-saved-run",
    version: 2,
    requestId: "run-1",
    savedAt: 1_790_000_100,
    messages,
    protocol: { version: "draft -11", mode: "federated" },
    attacks: [],
    parties: [
      { id: "a", name: "Agent" },
      { id: "b", name: "Resource" },
    ],
    ...changes,
  });

describe("the file", () => {
  test("verifies complete messages itself, whatever was recorded", async () => {
    const good = await evidenceOf();
    const bad = fromBase64(good.body);
    bad[5]! ^= 1;
    const falsified = { outcome: "refused", status: 401, sentence: "Refused.", checks: [] };
    const html = await fileOf([
      messageWith(good, falsified),
      messageWith({ ...good, body: toBase64(bad) }),
      messageWith(),
    ]);
    const { page, requests, address } = await open(html);
    expect(await states(page)).toEqual(["verified", "refused", "as recorded"]);
    expect(requests).toEqual([address]);
    await rows(page).nth(1).click();
    await detail(page).getByText("Refused here: digest_mismatch").waitFor(WAIT);
    await rows(page).nth(0).click();
    await detail(page).getByText("Its token expired at").waitFor(WAIT);
    await expectAccessible(page, "saved-run-file", { everyShape: true });
  });

  test("labels a verified message by its evidence, and other words as recorded", async () => {
    const words = { what: "approved by the auditor", from: "b", to: "a", sentence: "The auditor approves." };
    const evidence = await evidenceOf();
    const { id, jwk } = evidence.keys[0]!;
    const unused = { id: "https://bank.example", jwk: { ...jwk, kid: { toString: null } } };
    const { page } = await open(
      await fileOf([messageWith({ ...evidence, keys: [{ id, jwk }, unused] }, words)]),
    );
    expect(await states(page)).toEqual(["verified"]);
    expect(await rows(page).textContent()).toBe(
      "Message 1 of 1: aauth:a@agent.example to resource.example, POST /orders: ✓ verified here",
    );
    expect(await at(page).textContent()).toMatch(/aauth:a@agent.example calls resource.example, signed/);
    expect(await detail(page).locator("h2").first().textContent()).toBe("1. POST /orders");
    const shown = await detail(page).textContent();
    const keys = page.getByRole("region", { name: "Keys to compare" });
    expect(await keys.textContent()).toContain(await jwkThumbprint(jwk as { kty: string }));
    expect(await summary(page).textContent()).toContain(await jwkThumbprint(jwk as { kty: string }));
    expect(shown).toContain(await jwkThumbprint(jwk as { kty: string }));
    expect(shown).toContain("Key of https://agent.example, kid agent-1");
    expect(shown).not.toContain("bank.example");
    const visible = page.getByText("auditor").locator("visible=true");
    expect(await visible.count()).toBe(0);
    await page.getByText("What was recorded", { exact: true }).click();
    expect(await visible.allTextContents()).toContain("Resource → Agent: approved by the auditor");
  });

  test("R4: shows whatever a message contains as text", async () => {
    const markup = '</script><img src="x" onerror="document.title=1"><b id="injected">bold</b>';
    const bad = { ...(await evidenceOf()), url: `https://x.example/${markup}`, body: btoa(markup) };
    const text = {
      what: markup,
      sentence: markup,
      outcome: markup,
      facts: [{ name: markup, value: markup }],
      checks: [{ party: markup, name: markup, verdict: markup, reason: markup }],
      response: { start: markup, headers: [{ name: markup, value: markup }], body: markup },
    };
    const parties = [
      { id: "a", name: markup },
      { id: "b", name: markup },
    ];
    const http = text.response;
    const exchanges = [{ sender: markup, request: http, response: http }];
    const attack: SavedAttack = {
      title: markup,
      what: markup,
      aauth: messageWith(bad, text),
      bearer: { status: 1, outcome: markup, exchanges },
    };
    const html = await fileOf([messageWith(undefined, text), messageWith(bad, text)], {
      parties,
      requestId: markup,
      attacks: [attack],
      protocol: { version: markup, mode: markup },
    });
    const { page } = await open(html);
    for (const row of [0, 1]) {
      await rows(page).nth(row).click();
      expect(await page.locator("#injected, img, b").count()).toBe(0);
      expect(await detail(page).textContent()).toContain(markup);
    }
    expect(await page.locator("#attacks").textContent()).toContain(markup);
    expect(await page.locator("h1").textContent()).toContain(markup);
    expect(await page.title()).toBe("A run of AAuth");
  });

  test("opens on a message that is verified, and plays from the first", async () => {
    const evidence = await evidenceOf();
    const { page } = await open(await fileOf([messageWith(), messageWith(evidence), messageWith()]));
    expect(await page.locator("h1").textContent()).toBe("A run of AAuth draft -11, mode federated");
    expect(await at(page).textContent()).toContain("2 of 3");
    await detail(page).getByText("✓ verified here").waitFor(WAIT);
    await next(page, "Previous");
    await page.getByRole("button", { name: "Play" }).click();
    expect(await at(page).textContent()).toContain("1 of 3");
  });

  test("shows its attacks, and refuses them again", async () => {
    const good = await evidenceOf();
    const changed = { ...good, body: toBase64(new TextEncoder().encode('{"quantity":99}')) };
    const refused = { outcome: "refused", status: 401, sentence: "Refused by the gateway." };
    const refusedWith = (code: string) => ({ ...refused, facts: [{ name: "Code", value: code }] });
    const http = { start: "GET /report", headers: [{ name: "authorization", value: "Bearer x…" }] };
    const attack = (title: string, aauth: SavedMessage): SavedAttack => ({
      title,
      what: "It is changed.",
      aauth,
      bearer: {
        status: 200,
        outcome: "the thief has it",
        exchanges: [{ sender: "The thief", request: http, response: http }],
      },
    });
    const { page } = await open(
      await fileOf([messageWith(good)], {
        attacks: [
          attack("Change it", messageWith(changed, refusedWith("digest_mismatch"))),
          attack("Replay it", messageWith(good, refused)),
          attack("Guess it", messageWith(undefined, refused)),
          attack("Date it back", messageWith(changed, refusedWith("created_out_of_window"))),
        ],
      }),
    );
    expect(await summary(page).textContent()).toContain("1 of 1 messages verified");
    expect(await summary(page).textContent()).toContain("1 refused here, too, 3 refused as recorded");
    const found = page.getByTestId("found");
    expect(await found.evaluateAll((all) => all.map((one) => one.getAttribute("data-outcome")))).toEqual([
      "accepted",
      "pending",
      "pending",
      "pending",
    ]);
    expect(await found.nth(3).textContent()).toContain("not confirmed");
    expect(await found.nth(0).textContent()).toContain("digest_mismatch");
    await page.getByText("The messages", { exact: true }).first().click();
    await page.locator("pre:visible").getByText("Bearer x…").first().waitFor(WAIT);
    await page.getByText("The message", { exact: true }).first().click();
    await expectAccessible(page, "saved-run-attacks", { everyShape: true });
  });

  test("cannot load or send anything, even by an injected script", async () => {
    const html = await fileOf([messageWith()]);
    const injected = "<script>document.title = 'hole'</script>";
    const { page, expectComplaint } = await open(html.replace("</body>", `${injected}</body>`));
    expectComplaint(/Executing inline script violates/);
    expectComplaint(/'http:\/\/localhost:1\/' violates/);
    expectComplaint(/Fetch API cannot load http:\/\/localhost:1\/. Refused to connect/);
    const fetched = await page.evaluate("fetch('http://localhost:1/').then(() => 'sent', () => 'blocked')");
    expect(fetched).toBe("blocked");
    expect(await page.title()).toBe("A run of AAuth");
  });

  test("plays, pauses and steps, by buttons and by keys", async () => {
    const { page } = await open(
      await fileOf([messageWith(await evidenceOf()), messageWith(), messageWith()]),
    );
    await next(page, "Next");
    expect(await at(page).textContent()).toContain("2 of 3");
    await page.keyboard.press("ArrowLeft");
    expect(await at(page).textContent()).toContain("1 of 3");
    expect(await at(page).getAttribute("aria-live")).toBe("polite");
    await page.getByRole("button", { name: "Play" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor(WAIT);
    expect(await at(page).getAttribute("aria-live")).toBe("off");
    await at(page).getByText("3 of 3").waitFor(WAIT);
    await page.getByRole("button", { name: "Play" }).waitFor(WAIT);
  });

  test("names a message that the file has twice as a repetition", async () => {
    const evidence = await evidenceOf();
    const { page } = await open(await fileOf([messageWith(evidence), messageWith(evidence)]));
    expect(await summary(page).textContent()).toContain("Message 2 is a repetition of message 1.");
    expect(await summary(page).getAttribute("data-outcome")).toBe("pending");
    await detail(page).getByText("the same signed message as message 1").waitFor(WAIT);
  });

  test("an attack whose answer was changed to 200 is not green", async () => {
    const aauth = messageWith(await evidenceOf(), { outcome: "refused", status: 200 });
    const { page } = await open(
      await fileOf([messageWith()], { attacks: [{ title: "x", what: "x", aauth }] }),
    );
    expect(await summary(page).textContent()).toContain("1 not refused by the receiver");
    expect(await summary(page).getAttribute("data-outcome")).toBe("refused");
  });

  test("says which part of a browser is missing, and not that it was changed", async () => {
    const { page } = await openPage(browser);
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, "DecompressionStream"));
    const file = join(folder, `${crypto.randomUUID()}.html`);
    writeFileSync(file, await fileOf([messageWith()]));
    await page.goto(pathToFileURL(file).href);
    await page.getByText("it lacks DecompressionStream").waitFor(WAIT);
    expect(await page.getByText("this file was changed").count()).toBe(0);
  });

  test("with a changed script says so, and shows nothing else", async () => {
    const html = await fileOf([messageWith()]);
    for (const changed of [
      html.replace("const packed", "var packed"),
      html.replace(/packed="H4sI.{20}/, 'packed="H4sIAAAA'),
    ]) {
      const file = join(folder, `${crypto.randomUUID()}.html`);
      writeFileSync(file, changed);
      const { page, expectComplaint } = await openPage(browser);
      expectComplaint(/Executing inline script violates/);
      await page.goto(pathToFileURL(file).href);
      await page.getByText("this file was changed").waitFor(WAIT);
      expect(await summary(page).count()).toBe(0);
    }
  });

  test("that is damaged is reported with a code", async () => {
    const html = await fileOf([messageWith()]);
    const { page } = await open(html.replace(/"aauth-run">H4s.{20}/, '"aauth-run">H4s'));
    expect(await summary(page).textContent()).toContain("saved_run_damaged");
  });
});

/** Both require a user, so there are a session, codes and a pending request. */
const MODES = {
  "february-2026": { authorizationScheme: "user-delegated" },
  "draft-11": { profile: "draft-11", mode: "person-server" },
} as const;

const SPOKEN = {
  "february-2026": { version: "February 2026", mode: "user-delegated" },
  "draft-11": { version: "draft -11", mode: "person-server" },
};

/** Secrets in the page's requests, which work without a key. */
function secretsSentBy(page: Page): Set<string> {
  const secrets = new Set<string>();
  page.on("request", (request) => {
    const sent = [new URL(request.url()).search, request.postData() ?? ""];
    for (const [name, value] of sent.flatMap((text) => [...new URLSearchParams(text)])) {
      if (/code|state|csrf|verifier|password/.test(name) && value.length > 5) secrets.add(value);
    }
  });
  return secrets;
}

describe.each(["february-2026", "draft-11"] as const)("a run of %s", (profile) => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({ modes: { ...MODES[profile], ui: true } });
  });
  afterAll(() => stack?.stop());

  test("is saved on the page, verified from disk, and has no secret in it", async () => {
    const { page, context } = await openPage(browser);
    const sent = secretsSentBy(page);
    await page.setViewportSize({ width: 1280, height: 1000 });
    await signInOnPage(page, stack.urls.ui);
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
    await page.getByRole("link", { name: "Show every message" }).click();
    const panel = page.getByTestId("take-along");
    await panel.waitFor(WAIT);
    await page.getByTestId("protocol-view").getByText("step through with").waitFor(WAIT);
    const bearer = new Set<string>();
    page.on("response", async (response) => {
      if (!response.url().includes("/break-it/")) return;
      for (const [, token] of (await response.text()).matchAll(/Bearer ([^"\\]+)/g)) bearer.add(token!);
    });
    for (const title of ["Steal the token and use it", "Replay the request", "Change one byte of the body"]) {
      await page.getByRole("button", { name: `Try: ${title}` }).click();
      await page.getByRole("button", { name: `Show both sides: ${title}` }).waitFor(WAIT);
    }
    await unfold(page, "take-along");
    await panel.getByRole("button", { name: "Save this run" }).click();
    const dialog = page.getByRole("dialog", { name: "Save this run" });
    await dialog.getByText("The file contains complete tokens.").waitFor(WAIT);
    const opacity = () => page.evaluate(`getComputedStyle(document.querySelector("[role=dialog]")).opacity`);
    await expect.poll(opacity, WAIT).toBe("1");
    await expectAccessible(page, `save-this-run-${profile}`);
    const downloaded = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Save the file" }).click();
    const html = readFileSync(await (await downloaded).path(), "utf8");
    await panel.getByText(/It verifies [1-9]\d* of \d+ messages again.* 3 attacks/).waitFor(WAIT);

    expect(html.length).toBeLessThan(MAX_SAVED_RUN_BYTES);
    const run = await readSavedRun(html);
    const { page: file, requests, address } = await open(html);
    expect(requests).toEqual([address]);
    const shown = await states(file);
    expect(shown).toEqual(run.messages.map(({ evidence }) => (evidence ? "verified" : "as recorded")));
    expect(shown).toContain("verified");
    expect(run.protocol).toEqual(SPOKEN[profile]);
    const found = await file.getByTestId("found").allTextContents();
    expect(found[0]).toMatch(/Refused in this browser, too. invalid_signature/);
    expect(found[1]).toMatch(/^✓ .* are valid in this browser/);
    expect(found[2]).toMatch(/Refused in this browser, too. digest_mismatch/);
    expect(await file.getByTestId("bearer-side").locator(".outcome").allTextContents()).toEqual([
      "200: the thief has the report.",
      "201: ordered twice.",
      "201: 25.0 became 2500.",
    ]);
    await screenshot(file.locator("#attacks"), `saved-run-attacks-${profile}`);
    await rows(file).nth(shown.lastIndexOf("verified")).click();
    await screenshot(file.locator("main"), `saved-run-${profile}`);

    const whole = JSON.stringify(run);
    const session = await page.evaluate("JSON.stringify(Object.values(sessionStorage))");
    const secrets = [
      ...(await context.cookies()).map(({ value }) => value),
      ...String(session).match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)!,
      ...sent,
      ...bearer,
    ];
    expect(sent.size).toBeGreaterThan(2);
    expect(bearer.size).toBeGreaterThan(0);
    for (const secret of secrets) expect(whole).not.toContain(secret);
    // Recorded values are truncated after twelve characters.
    expect(whole).not.toMatch(/"d":|cookie|\/pending\/[\w-]{9}|"state"|(?<!name":")authorization"/i);
    expect(whole).not.toMatch(/[?&](?:code|state)=[\w-]{13}|refresh_token\W{1,7}[\w-]{13}/);
  });
});
