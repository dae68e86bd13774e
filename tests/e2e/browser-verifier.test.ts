import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import { generateSigningKey } from "aauth";
import { february2026 } from "aauth/february-2026";
import { createTokenSigner } from "aauth/server";
import { type SignedRequestOptions, signedRequest } from "aauth/testing";
import type { Explanation } from "aauth-explain";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestParties } from "../../packages/aauth/test/february-2026/parties.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import type { PageTask } from "../support/fixtures/verify-in-page.ts";

const VERIFY = "verify-in-page";
const EXPLAIN = "explain-in-page";

let browser: Browser;
let page: Page;
let close: () => void;

beforeAll(async () => {
  const scripts = new Map<string | undefined, string>();
  for (const entry of [VERIFY, EXPLAIN]) scripts.set(`/${entry}.js`, await bundle(entry));
  const tags = [...scripts.keys()].map((path) => `<script type="module" src="${path}"></script>`);
  const server = createServer((request, response) => {
    const script = scripts.get(request.url);
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? `<!doctype html><link rel="icon" href="data:,">${tags.join("")}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => server.close();
  browser = await startBrowser();
  ({ page } = await openPage(browser));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("typeof verifyInPage === 'function' && typeof explainInPage === 'function'");
});
afterAll(async () => {
  await browser?.close();
  close?.();
});

/** The packages as a bundler of a web page resolves them: by the `browser` condition. */
async function bundle(name: string): Promise<string> {
  const entry = fileURLToPath(new URL(`../support/fixtures/${name}.ts`, import.meta.url));
  const vite = createRequire(new URL("../../ui/package.json", import.meta.url)).resolve("vite");
  const { build } = await import(pathToFileURL(vite).href);
  const result = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: "script" } },
  });
  const { code } = (Array.isArray(result) ? result[0] : result).output[0] as { code: string };
  return code;
}

const parties = await createTestParties();
const { agent, resource, authServer, clock } = parties;
const realm = await createRsaRealm();

async function createRsaRealm() {
  const pair = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const privateJwk = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const signer = await createTokenSigner(privateJwk as never, { alg: "RS256", kid: "realm-1" });
  return { signer, jwk: { kty: "RSA", n: jwk.n, e: jwk.e, kid: "realm-1" } };
}

type Change = (task: PageTask) => Partial<PageTask["request"]>;

async function taskFor(
  signed: Partial<SignedRequestOptions>,
  change: Change = () => ({}),
): Promise<PageTask> {
  const request = await signedRequest({
    profile: february2026,
    url: `${resource.id}/orders?page=2`,
    body: '{"order":1}',
    key: agent.key,
    signatureKey: { scheme: "jwks", id: agent.id },
    now: clock.now,
    ...signed,
  });
  const task: PageTask = {
    request: { ...request, body: request.body && [...request.body] },
    identities: {
      agents: { [agent.id]: [agent.key.publicJwk] },
      issuers: { [authServer.issuer]: { keys: [realm.jwk] } },
    },
    audience: resource.id,
    authServer: authServer.issuer,
    nowSeconds: clock.now(),
  };
  return { ...task, request: { ...task.request, ...change(task) } };
}

const verify = async (signed: Partial<SignedRequestOptions>, change?: Change): Promise<string> =>
  page.evaluate(
    (given) => (globalThis as never as { verifyInPage(task: unknown): Promise<string> }).verifyInPage(given),
    await taskFor(signed, change),
  );

const explain = async (signed: Partial<SignedRequestOptions>, change?: Change): Promise<Explanation> =>
  page.evaluate(
    (given) =>
      (globalThis as never as { explainInPage(task: unknown): Promise<Explanation> }).explainInPage(given),
    await taskFor(signed, change),
  );

const PROVEN = agent.key.thumbprint;

describe("the verifier in a browser page, on WebCrypto", () => {
  test("is bundled without anything of Node's", async () => {
    expect(await bundle(VERIFY)).not.toMatch(/node:|__vite-browser-external/);
  });

  test.each([
    ["hwk", { signatureKey: { scheme: "hwk" } }, `pseudonymous ${PROVEN}`],
    ["jwks", {}, `identified ${PROVEN}`],
  ] as const)("accepts scheme %s", async (_scheme, signed, expected) => {
    expect(await verify(signed)).toBe(expected);
  });

  test("accepts an RS256 auth token", async () => {
    const jwt = await parties.issueAuthToken({ signer: realm.signer, scope: "orders:read" });
    expect(await verify({ signatureKey: { scheme: "jwt", jwt } })).toBe(`authorized ${PROVEN}`);
  });

  test("refuses a changed body, and another path", async () => {
    expect(await verify({}, () => ({ body: [1, 2, 3] }))).toBe("digest_mismatch");
    expect(await verify({}, () => ({ target: "/other?page=2" }))).toBe("invalid_signature");
  });

  test("refuses a token bound to another key", async () => {
    const key = await generateSigningKey({ kid: agent.key.kid });
    const jwt = await parties.issueAuthToken({ signer: realm.signer });
    expect(await verify({ key, signatureKey: { scheme: "jwt", jwt } })).toBe("invalid_signature");
  });
});

describe("the diagnosis in a browser page", () => {
  test("has a second opinion of a good signature", async () => {
    expect(await page.evaluate("typeof Buffer")).toBe("undefined");
    const explanation = await explain({});
    expect(explanation).toMatchObject({ verdict: "accepted", secondOpinion: { verifies: true } });
    expect(explanation.signatureBase.agree).toBe(true);
  });

  test("has one of a bad signature", async () => {
    const key = await generateSigningKey({ kid: agent.key.kid });
    expect(await explain({ key })).toMatchObject({
      code: "invalid_signature",
      key: { thumbprint: PROVEN },
      secondOpinion: { verifies: false },
    });
  });
});
