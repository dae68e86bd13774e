/** The page "Why was this refused?", as one file from disk and as the demo serves it. */

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { explainRecorded, readInput, savedRunPage } from "aauth-explain";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BOT, FAULTS, FORMS, PEERS } from "../../packages/aauth-explain/test/faults-of-others.ts";
import { builtPage } from "../../scripts/demo/built-page.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { startChild } from "../support/child.ts";
import { screenshot } from "../support/screenshot.ts";

const WAIT = { timeout: 30_000 };
const folder = mkdtempSync(join(tmpdir(), "why-"));
const file = join(folder, "why.html");
const sample = (name: string) => readFileSync(`${REPOSITORY_ROOT}docs/samples/${name}`, "utf8");
const KEYS = sample("keys.json");
const { privateKey } = generateKeyPairSync("ed25519");
const jwk = privateKey.export({ format: "jwk" });
let browser: Browser;
let watched: WatchedPage;

beforeAll(async () => {
  const write = startChild(process.execPath, ["scripts/explain.ts", "--page", file], {
    cwd: REPOSITORY_ROOT,
  });
  browser = await startBrowser();
  watched = await openPage(browser);
  await write.ended;
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the file from disk, and records its requests. */
async function open() {
  const { page, context, expectComplaint } = watched;
  await context.unrouteAll();
  const requests: string[] = [];
  const address = pathToFileURL(file).href;
  page.removeAllListeners("request");
  page.on("request", (request) => request.url() === address || requests.push(request.url()));
  await page.goto(address);
  await page.getByRole("button", { name: "Explain" }).waitFor(WAIT);
  return { page, context, requests, expectComplaint };
}

/** Drops or chooses a file, which large inputs and those with a key need. */
const choose = (page: Page, name: string, content: string | Uint8Array) =>
  page.locator("input[type=file]").setInputFiles({
    name,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(content as string),
  });
const finding = (page: Page) => page.getByTestId("finding");
const explain = async (page: Page, text: string) => {
  await page.getByLabel("The message").fill(text);
  await page.getByRole("button", { name: "Explain" }).click();
};
const giveKeys = async (page: Page, keys: string) => {
  await page.getByText("Keys, and what the receiver expects").click();
  await page.getByLabel("Public keys").fill(keys);
};

const CURL = sample("jwks.curl");
const raw = sample("changed-body.http").replaceAll("\r\n", "\n");
const [head = "", body = ""] = raw.split("\n\n");
const VERBOSE = `* Connected to supply-chain-agent.localhost (127.0.0.1) port 3000\n${head.replaceAll(/^/gm, "> ")}\n> \n< HTTP/1.1 401 Unauthorized\n< aauth-refusal: code=digest_mismatch\n<\n`;
const entry = JSON.parse(sample("draft-11.har")).log.entries[0];
const botRaw = FORMS.raw!(BOT);
const TRACE = readFileSync(
  `${REPOSITORY_ROOT}packages/aauth-explain/test/run/recorded/changed-path.json`,
  "utf8",
);
const savedRun = (sentence = "A call.") =>
  savedRunPage('<!doctype html>\n<script type="text/plain" id="aauth-run"></script>', {
    format: "aauth-saved-run",
    version: 2,
    requestId: "run-1",
    savedAt: 1,
    protocol: { version: "February 2026" },
    parties: [{ id: "a", name: "Agent" }],
    attacks: [],
    messages: [
      {
        from: "a",
        to: "b",
        startMs: 0,
        what: "call",
        sentence,
        outcome: "accepted",
        status: 200,
        facts: [],
        checks: [{ party: "b", name: "signature", verdict: "passed" }],
        evidence: {
          method: "POST",
          url: "http://supply-chain-agent.localhost:3000/",
          endpoint: "resource",
          headers: Object.fromEntries(
            head
              .split("\n")
              .slice(2)
              .filter((line) => !line.startsWith("content-length"))
              .map((line) => line.split(/: (.*)/s).slice(0, 2)),
          ),
          body: btoa(body),
          keys: [],
        },
      },
    ],
  });

describe("every kind of input", () => {
  test.each<[kind: string, input: () => string | Promise<string>, said: RegExp, keys?: string]>([
    ["raw HTTP", () => raw, /Refused.*content-digest.*What to change: The body is not/s],
    [
      "raw HTTP with its answer",
      () => `${raw}\n\nHTTP/1.1 401 Unauthorized\naauth-refusal: code=x\n\n`,
      /answered401 code=x/,
    ],
    ["curl", () => CURL, /Undecided.*the keys of http:\/\/backend\.localhost:8000 are not/s],
    ["curl with keys", () => CURL, /Accepted.*http:\/\/backend\.localhost:8000, proven/s, KEYS],
    ["curl -v", () => VERBOSE, /Undecided.*no body/s],
    ["HAR", () => sample("draft-11.har"), /Undecided.*https:\/\/agent\.example/s],
    ["HAR with keys", () => sample("draft-11.har"), /Accepted.*aauth:planner@agent\.example/s, KEYS],
    ["an entry of a HAR", () => JSON.stringify(entry), /Undecided.*aauth:planner@agent\.example/s],
    ["Jaeger", () => TRACE, /Recorded: refused.*check “signature” failed/s],
    ["a span", () => JSON.stringify(spanOf(TRACE)), /Recorded: /],
    ["a saved run", () => savedRun(), /refused here.*What was recordedAgent → b: call/s],
    ["Web Bot Auth", () => botRaw, /Undecided.*https:\/\/bot\.example.*web-bot-auth/s],
    ["Web Bot Auth with its key", () => botRaw, /Accepted.*web-bot-auth/s, JSON.stringify(BOT.keys[0])],
  ])("%s is explained, and nothing is requested", async (kind, input, said, keys) => {
    const { page, requests } = await open();
    if (keys !== undefined) await giveKeys(page, keys);
    await choose(page, "input", await input());
    await finding(page).waitFor(WAIT);
    expect(await finding(page).textContent()).toMatch(said);
    for (const tab of await page.getByRole("tab").all()) await tab.click();
    expect(requests).toEqual([]);
    await screenshot(page, `why-${kind.replaceAll(" ", "-")}`);
  });
});

test("faults of messages of other libraries are named, or not guessed, as in the terminal", async () => {
  const { page } = await open();
  const forms = Object.entries(FORMS);
  const every2nd = FAULTS.filter((_fault, index) => index % 2 === 0);
  for (const [index, [what, change]] of every2nd.entries()) {
    const possible = await Promise.all(PEERS.map(change));
    const faulty = possible.filter((sent) => sent !== undefined).at(index % 3) ?? possible.find(Boolean)!;
    const [form, write] = forms[index % forms.length]!;
    const input = write(faulty);
    const keys = JSON.stringify({ keys: faulty.keys });
    const [recorded] = readInput(input);
    const { verdict, remedy } = await explainRecorded(recorded!, {
      profiles: [draft11, february2026],
      keys: [keys],
    });
    await page.goto(pathToFileURL(file).href);
    await giveKeys(page, keys);
    await choose(page, "input", input);
    await finding(page).waitFor(WAIT);
    const shown = await finding(page).textContent();
    expect(shown?.toLowerCase(), `${what}, ${form}, ${faulty.library}`).toContain(verdict);
    if (remedy !== undefined) expect(shown, `${what}, ${form}`).toContain(remedy.text);
  }
});

const spanOf = (trace: string) => {
  const { spans } = JSON.parse(trace).data[0];
  return spans.find(({ tags }: { tags: { key: string; value: unknown }[] }) =>
    tags.some(({ key, value }) => key === "aauth.role" && value === "signer"),
  );
};

test("one file of at most 400 KB, which allows its own script and style only", () => {
  const html = readFileSync(file, "utf8");
  expect(statSync(file).size).toBeLessThan(400_000);
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1];
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-\S+' 'sha256-\S+'; style-src 'sha256-\S+'; connect-src https:; base-uri 'none'; form-action 'none'$/,
  );
});

test("is accessible: empty, with an answer, with a missing key, and fits a phone", async () => {
  const { page } = await open();
  await expectAccessible(page, "why-empty", { everyShape: true });
  await page.getByRole("button", { name: "Try an example" }).press("Enter");
  await finding(page).waitFor(WAIT);
  await expectAccessible(page, "why-refused", { everyShape: true });
  await page.getByRole("tab", { name: "Checks" }).press("ArrowRight");
  await page.getByText("A receiver builds this base").waitFor(WAIT);
  await expectAccessible(page, "why-signature");
  await choose(page, "draft-11.har", sample("draft-11.har"));
  await page.getByText("A key is missing").waitFor(WAIT);
  await page.getByText("Keys, and what the receiver expects").click();
  await page.getByRole("tab", { name: "Token" }).click();
  await expectAccessible(page, "why-missing-key", { everyShape: true });
});

describe("keys from origins", () => {
  test("are fetched from https, after the user has named the origin, without credentials", async () => {
    const { page, context, requests } = await open();
    const asked: Record<string, string>[] = [];
    const documents: Record<string, unknown> = {
      "https://agent.example/.well-known/aauth-agent.json": {
        issuer: "https://agent.example",
        jwks_uri: "https://keys.example/jwks.json",
      },
      "https://keys.example/jwks.json": JSON.parse(KEYS)["https://agent.example"],
    };
    await context.route(/^https:/, async (route) => {
      asked.push(await route.request().allHeaders());
      const json = documents[route.request().url()];
      await route.fulfill({ json, headers: { "access-control-allow-origin": "*" } });
    });
    await choose(page, "input", JSON.stringify(entry));
    const ask = (origin: string) => page.getByRole("button", { name: `Ask ${origin}`, exact: true });
    await ask("https://agent.example").waitFor(WAIT);
    expect(requests).toEqual([]);
    await ask("https://agent.example").click();
    await ask("https://keys.example").waitFor(WAIT);
    expect(requests).toEqual(["https://agent.example/.well-known/aauth-agent.json"]);
    await ask("https://keys.example").click();
    await expect.poll(() => finding(page).textContent(), WAIT).toContain("Accepted");
    expect(requests).toHaveLength(2);
    for (const headers of asked) expect(headers).not.toHaveProperty(["referer"]);
    for (const headers of asked) expect(headers).not.toHaveProperty(["cookie"]);
  });

  test("that another site may not read: the page says what to paste", async () => {
    const { page, context, expectComplaint } = await open();
    expectComplaint(/CORS|ERR_FAILED/);
    await context.route(/^https:/, (route) =>
      route.fulfill({ json: {}, headers: { "access-control-allow-origin": "https://other.example" } }),
    );
    await choose(page, "input", JSON.stringify(entry));
    await page.getByRole("button", { name: "Ask https://agent.example" }).click();
    await page.getByText(/does not let other sites read it .* paste the key set/).waitFor(WAIT);
    await expectAccessible(page, "why-cors");
  });

  test("of Web Bot Auth are asked for at the signer’s directory", async () => {
    const { page, context } = await open();
    await context.route(/^https:/, (route) =>
      route.fulfill({ json: { keys: BOT.keys }, headers: { "access-control-allow-origin": "*" } }),
    );
    await choose(page, "input", botRaw);
    await page.getByRole("button", { name: "Ask https://bot.example" }).click();
    await expect.poll(() => finding(page).textContent(), WAIT).toContain("Accepted");
  });

  test("a redirect is not followed", async () => {
    const { page, context, requests, expectComplaint } = await open();
    expectComplaint(/./);
    await context.route(/^https:/, (route) =>
      route.fulfill({
        status: 302,
        headers: { location: "https://other.example/", "access-control-allow-origin": "*" },
      }),
    );
    await choose(page, "input", JSON.stringify(entry));
    await page.getByRole("button", { name: "Ask https://agent.example" }).click();
    await page.getByText(/redirects, or cannot be reached/).waitFor(WAIT);
    expect(requests).toEqual(["https://agent.example/.well-known/aauth-agent.json"]);
  });
});

describe("secrets", () => {
  const secret = (text: string) =>
    [...text.matchAll(/eyJ[\w-]+\.([\w-]+\.[\w-]{20})/g)].map(([, part = ""]) => part);

  test("tokens and signatures are hidden on the page and in what is copied, unless the box is ticked", async () => {
    const { page, context } = await open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const copied = async () => {
      await page.getByRole("button", { name: "Copy the explanation" }).click();
      await page.getByText("Copied").waitFor(WAIT);
      return String(await page.evaluate("navigator.clipboard.readText()"));
    };
    const withSecrets = {
      ...entry,
      request: {
        ...entry.request,
        headers: [
          ...entry.request.headers,
          { name: "Authorization", value: "Bearer opaque-value-of-a-bearer-token" },
          { name: "Cookie", value: "session=opaque-value-of-a-cookie" },
        ],
      },
    };
    await choose(page, "input", JSON.stringify(withSecrets));
    await finding(page).waitFor(WAIT);
    const parts = secret(JSON.stringify(entry.request));
    const signature = /sig=:(.{86})/.exec(JSON.stringify(entry.request))![1]!;
    expect(parts.length).toBeGreaterThan(0);
    const secrets = [...parts, signature.slice(20), "of-a-bearer-token", "value-of-a-cookie"];
    const shown = async () => {
      let all = "";
      for (const tab of await page.getByRole("tab").all()) {
        await tab.click();
        all += await page.content();
      }
      return all;
    };
    for (const text of [await shown(), await copied()])
      for (const one of secrets) expect(text).not.toContain(one);
    expect(await copied()).not.toMatch(/"(?:iss|sub|cnf)"/);
    await page.getByLabel("Show and copy tokens and signatures whole").check();
    const whole = await copied();
    for (const one of secrets) expect(whole).toContain(one);
    expect(await shown()).toContain(signature);
  });

  test.each<[string, string]>([
    ["a JWK", JSON.stringify(jwk)],
    ["PEM", String(privateKey.export({ format: "pem", type: "pkcs8" }))],
    ["a JWK in a request", raw.replace(/\n\n.*/s, `\n\n${JSON.stringify({ key: jwk })}`)],
  ])("a private key in %s is refused, and nothing of it stays on the page", async (_where, text) => {
    const { page } = await open();
    await explain(page, text);
    await page.getByText(/private_key: .* It was removed from this page/).waitFor(WAIT);
    expect(await page.getByLabel("The message").inputValue()).toBe("");
    expect(await page.content()).not.toContain(jwk.d);
    expect(await page.content()).not.toContain("BEGIN PRIVATE");
    await choose(page, "input", text);
    await page.getByText(/private_key: /).waitFor(WAIT);
    expect(await page.content()).not.toContain(jwk.d);
  });

  test("a private key among the keys is refused, and removed", async () => {
    const { page } = await open();
    await giveKeys(page, JSON.stringify({ keys: [jwk] }));
    await explain(page, CURL);
    await page.getByText(/private_key: .* It was removed from this page/).waitFor(WAIT);
    expect(await page.getByLabel("Public keys").inputValue()).toBe("");
  });
});

describe("bad input", () => {
  test.each<[string, () => string | Uint8Array | Promise<string>, RegExp]>([
    ["nothing", () => " \n", /empty_input/],
    ["markup", () => "<img src=x onerror=alert(1)>", /not_a_request/],
    ["deep JSON", () => `{"log":${"[".repeat(1_000_000)}`, /not_a_har/],
    ["deep spans", () => `{"spans":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, /no_signed_entry/],
    ["many braces of keys", () => `{${'"kty"'.repeat(1_000_000)}`, /not_a_har/],
    ["a damaged saved run", async () => (await savedRun()).replace(/">.{40}/, '">'), /saved_run_damaged/],
    ["another page", () => "<!doctype html><p>", /not_a_saved_run/],
  ])("%s is refused with a code, at once", async (_kind, input, said) => {
    const { page, requests } = await open();
    const content = await input();
    const startedAt = Date.now();
    await choose(page, "input", content);
    await page.getByTestId("problem").waitFor(WAIT);
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    expect(await page.getByTestId("problem").textContent()).toMatch(said);
    expect(requests).toEqual([]);
  });

  test("a file of 50 MB is refused before it is read", async () => {
    const { page } = await open();
    const large = join(folder, "large.har");
    writeFileSync(large, new Uint8Array(50_000_000));
    await page.locator("input[type=file]").setInputFiles(large);
    await page.getByText("input_too_large: an input has at most 16 MB").waitFor(WAIT);
  });

  test("a recording of thousands of messages shows a hundred, and the page stays usable", async () => {
    const { page } = await open();
    await choose(page, "input", JSON.stringify({ log: { entries: Array(5000).fill(entry) } }));
    await page.getByText("100 messages, and 4900 that are not read here").waitFor(WAIT);
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByLabel("The message").waitFor(WAIT);
  });

  test("control and direction characters, and markup, are shown as text", async () => {
    const { page } = await open();
    const text = "\u202e<img src=x onerror=alert(1)>\u0007";
    await choose(page, "input", await savedRun(text));
    await finding(page).waitFor(WAIT);
    expect(await finding(page).textContent()).toContain("\\u202e<img src=x onerror=alert(1)>\\u0007");
    const value = { name: "x-note", value: text };
    const spoilt = { ...entry.request, headers: [...entry.request.headers, value] };
    await choose(page, "input", JSON.stringify({ request: spoilt }));
    await page.getByRole("tab", { name: "Request and response" }).click();
    await page.getByText("\\u202e<img src=x onerror=alert(1)>\\u0007").waitFor(WAIT);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("main").textContent()).not.toContain("\u202e");
  });

  test("lies in a saved run are named: what it records beside what this page finds", async () => {
    const { page } = await open();
    await choose(page, "input", await savedRun("Everything is fine."));
    await finding(page).waitFor(WAIT);
    const shown = await finding(page).textContent();
    expect(shown).toMatch(/refused here.*check “content-digest”/);
    expect(shown).toMatch(/Recorded outcomeaccepted.*Agent → b: callEverything is fine\./);
  });
});

test("the demo serves the page with the policy of its file, and links to it", async () => {
  const { createPageServer } = await import("../../ui/server/page-server.ts");
  const server = createPageServer(await builtPage(), {
    backendUrl: "http://localhost:8000",
    authServerUrl: "http://localhost:8080/realms/aauth-test",
    clientId: "supply-chain-ui",
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  try {
    const { page } = await openPage(browser);
    await page.goto(`http://localhost:${(server.address() as { port: number }).port}/`);
    await page.getByRole("link", { name: "Why was a message refused?" }).click();
    await page.getByRole("button", { name: "Try an example" }).click();
    await finding(page).waitFor(WAIT);
    const { headers } = await fetch(page.url());
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
    await page.getByRole("link", { name: "Back to the demo" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor(WAIT);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("npm run explain -- --open prints an address on this machine", async () => {
  const child = startChild(process.execPath, ["scripts/explain.ts", "--open"], {
    cwd: REPOSITORY_ROOT,
    env: { PATH: process.env.PATH },
  });
  await child.prints(/Why was this refused\? http:\/\/localhost:\d+\/why\.html/);
  child.process.kill("SIGTERM");
  await child.ended;
});
