/**
 * Messages of other libraries, with fixed keys and at a fixed time: what the tests of
 * `aauth-explain` read. `UPDATE_DOCS=1 npm run test:all -- interop` writes them.
 */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { keys } from "../../../packages/aauth/test/vectors/maker/keys.ts";
import { PROVIDER } from "./keys.ts";
import { createLibraries, type Message } from "./libraries.ts";
import { isUnderTest, PEERS } from "./peers.ts";

const FILE = new URL("../../../packages/aauth-explain/test/messages-of-others.json", import.meta.url);
const CREATED = 1_790_000_000;
const pinned = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
const packages: Readonly<Record<string, string>> = JSON.parse(pinned("js/package.json")).dependencies;

const content = '{"order": 1}\n';
const ORDER: Message = {
  method: "POST",
  url: "https://api.example/orders/a%2Fb?page=2&sort=up",
  headers: { "content-type": "application/json" },
  body: Buffer.from(content),
};

const libraries = createLibraries();
beforeAll(() => vi.useFakeTimers({ toFake: ["Date"], now: CREATED * 1000 }));
afterAll(async () => {
  vi.useRealTimers();
  await libraries.end();
});

/** A module of the peers in JavaScript. */
const load = (name: string) => import(createRequire(`${PEERS.js}/package.json`).resolve(name));
/** An agent of draft -11 with its token. `extra`: more components to cover. */
async function agentOf(name: string, extra: readonly string[] = []) {
  const headers = await (await libraries.of(name)).sign(ORDER, "agent", extra);
  return {
    ...ORDER,
    headers: { ...ORDER.headers, ...headers },
    body: content,
    keys: [{ ...PROVIDER.publicJwk, kid: "ap-1" }],
  };
}

async function webBotAuth() {
  const { signatureHeaders } = await load("web-bot-auth");
  const message = { method: "GET", url: "https://shop.example:8443/list/?q=a%20b&page=2" };
  const headers = { "signature-agent": '"https://bot.example"', "user-agent": "bot/1.0" };
  const { thumbprint, publicJwk, sign } = keys.A;
  const signer = {
    alg: "ed25519",
    keyid: thumbprint,
    sign: async (data: string) => new Uint8Array(sign(data)),
  };
  const signed = await signatureHeaders(new Request(message.url, { headers }), signer, {
    created: new Date(CREATED * 1000),
    expires: new Date((CREATED + 300) * 1000),
    nonce: Buffer.alloc(64, 7).toString("base64"),
  });
  const { Signature: signature, "Signature-Input": input } = signed;
  return {
    ...message,
    headers: { ...headers, signature, "signature-input": input },
    body: "",
    keys: [{ ...publicJwk, kid: "bot-1" }],
  };
}

async function httpMessageSignatures() {
  const { httpbis } = await load("http-message-signatures");
  const { publicJwk, sign } = keys.es256;
  const headers = {
    "content-type": "application/json",
    "content-digest": `sha-256=:${createHash("sha256").update(content).digest("base64")}:`,
    accept: "application/json, text/plain",
  };
  const message = { method: "POST", url: "https://api.example/v1/orders/?page=2&sort=up", headers };
  const signed = await httpbis.signMessage(
    {
      key: { id: "key-1", alg: "ecdsa-p256-sha256", sign: async (data: Buffer) => sign(String(data)) },
      fields: ["@method", "@target-uri", "content-type", "content-digest", "accept"],
      params: ["created", "keyid", "alg"],
      paramValues: { created: new Date(CREATED * 1000) },
    },
    message,
  );
  const { Signature: signature, "Signature-Input": input } = signed.headers;
  return {
    ...message,
    headers: { ...headers, signature, "signature-input": input },
    body: content,
    keys: [{ ...publicJwk, kid: "key-1" }],
  };
}

/** Name and version of a package, as pinned. */
const versionIn = (file: string, name: string) =>
  `${name} ${new RegExp(`^${name} ?=+ ?"?=?([\\d.]+)`, "m").exec(pinned(file))![1]}`;
const versionOf = (name: string) => `${name} ${packages[name]}`;

const MAKERS: readonly (readonly [name: string, peer: string, make: () => Promise<object>])[] = [
  [versionOf("@hellocoop/httpsig"), "@hellocoop/httpsig", () => agentOf("@hellocoop/httpsig")],
  [
    `${versionOf("@hellocoop/httpsig")}, with @query`,
    "@hellocoop/httpsig",
    () => agentOf("@hellocoop/httpsig", ["@query"]),
  ],
  [versionOf("web-bot-auth"), "web-bot-auth", webBotAuth],
  [versionOf("http-message-signatures"), "http-message-signatures", httpMessageSignatures],
  [
    versionIn("python/introspection.txt", "introspection-aauth"),
    "introspection-aauth",
    () => agentOf("introspection-aauth"),
  ],
  [versionIn("python/regent.txt", "regent-httpsig"), "regent-httpsig", () => agentOf("regent-httpsig")],
  [versionIn("python/regent.txt", "aauth"), "aauth", () => agentOf("aauth")],
  [versionIn("rust/Cargo.toml", "aauth-protocol"), "aauth-protocol", () => agentOf("aauth-protocol")],
];

test.each(MAKERS.filter(([, peer]) => isUnderTest(peer)))(
  "%s signs the message that is read",
  async (library, _peer, make) => {
    const made = JSON.parse(JSON.stringify({ library, ...(await make()) }));
    const known: { readonly library: string }[] = JSON.parse(readFileSync(FILE, "utf8"));
    if (process.env.UPDATE_DOCS === "1") {
      const all = MAKERS.flatMap(([name]) =>
        name === library ? [made] : known.filter((one) => one.library === name),
      );
      writeFileSync(FILE, `${JSON.stringify(all, null, 2)}\n`);
    } else expect(known.find((one) => one.library === library)).toEqual(made);
  },
);

test("no other message is read", () => {
  const names = JSON.parse(readFileSync(FILE, "utf8")).map(({ library }: { library: string }) => library);
  expect(names).toEqual(MAKERS.map(([name]) => name));
});
