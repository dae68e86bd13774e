/**
 * Signers and verifiers of messages behind the same two calls: ours, that of the draft's author,
 * and programs.
 */

import { randomUUID, sign } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { createDiscovery, draft11, importSigningKey, signRequest } from "aauth";
import { createVerifier, plainRefusal } from "aauth/resource";
import { spawnGuarded } from "../../../scripts/spawn-guarded.ts";
import { KEYS, type KeyPair, PROVIDER, type Sender } from "./keys.ts";
import { PARTIES } from "./parties.ts";
import { MESSAGES, PEERS } from "./peers.ts";

export interface Message {
  readonly method: string;
  /** Absolute, https. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

export interface Library {
  /** All fields to send, with lower-case names. `extra`: more components to cover. */
  sign(message: Message, sender: Sender, extra: readonly string[]): Promise<Record<string, string>>;
  /** `verified`, or the code of the refusal. */
  verify(message: Message): Promise<string>;
  end(): void;
}

const AGENT_ID = "aauth:Planner@agent.example";
const SERVER_KID = "ps-1";

/** The documents that all verifiers get, by URL. */
const DOCUMENTS: Readonly<Record<string, unknown>> = {
  [`${PARTIES.agent}/.well-known/aauth-agent.json`]: {
    issuer: PARTIES.agent,
    jwks_uri: `${PARTIES.agent}/jwks.json`,
  },
  [`${PARTIES.agent}/jwks.json`]: { keys: [{ ...PROVIDER.publicJwk, kid: "ap-1" }] },
  [`${PARTIES.ps}/.well-known/aauth-person.json`]: {
    issuer: PARTIES.ps,
    jwks_uri: `${PARTIES.ps}/jwks.json`,
    person_token_endpoint: `${PARTIES.ps}/person`,
    auth_token_endpoint: `${PARTIES.ps}/token`,
  },
  [`${PARTIES.ps}/jwks.json`]: { keys: [{ ...KEYS.server.publicJwk, kid: SERVER_KID }] },
};

/** Unix seconds. */
const now = () => Math.floor(Date.now() / 1000);

/** A token made by hand, by none of the libraries. `other` claims replace the correct ones. */
export function agentToken({ publicJwk }: KeyPair, other: object = {}, signer = PROVIDER.key): string {
  const header = { alg: "Ed25519", typ: "aa-agent+jwt", kid: "ap-1" };
  const claims = {
    iss: PARTIES.agent,
    dwk: "aauth-agent.json",
    sub: AGENT_ID,
    jti: "agent-token-1",
    ps: PARTIES.ps,
    iat: now(),
    exp: now() + 3600,
    cnf: { jwk: publicJwk },
    ...other,
  };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${signed}.${sign(null, Buffer.from(signed), signer).toString("base64url")}`;
}

/** Token of a sender; a server has none. */
const tokenOf = (sender: Sender) => (sender === "server" ? undefined : agentToken(KEYS[sender]));

/** A peer that is a program: one message per line, JSON in, JSON out. */
function programLibrary(name: keyof typeof MESSAGES): Library {
  const [program, ...args] = MESSAGES[name];
  const child = spawnGuarded(program!, args, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  child.stdin!.write(`${JSON.stringify(DOCUMENTS)}\n`);
  const ask = async (question: object, { body, ...message }: Message) => {
    const content = body && { body: Buffer.from(body).toString("base64") };
    child.stdin!.write(`${JSON.stringify({ ...question, ...message, ...content })}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`${name} has ended`);
    return JSON.parse(value) as Record<string, string>;
  };
  return {
    async sign(message, sender) {
      const signed = await ask({ do: "sign", token: tokenOf(sender), created: now() }, message);
      return Object.fromEntries(Object.entries(signed).map(([field, value]) => [field.toLowerCase(), value]));
    },
    async verify(message) {
      const { verified, code } = await ask({ do: "verify" }, message);
      return verified === undefined ? `refused (${code})` : "verified";
    },
    end: () => void child.stdin!.end(),
  };
}

/**
 * The library of the draft's author. It verifies the signature and leaves the token to its caller.
 */
async function httpsigLibrary(): Promise<Library> {
  const { resolve } = createRequire(`${PEERS.js}/package.json`);
  const httpsig = await import(resolve("@hellocoop/httpsig"));
  return {
    async sign({ method, url, headers, body }, sender, extra) {
      const base = ["@method", "@authority", "@path", "signature-key"];
      const ofBody = body ? ["content-digest", "content-type"] : [];
      const jwt = tokenOf(sender);
      const signed = await httpsig.fetch(url, {
        method,
        headers,
        ...(body && { body }),
        signingKey: KEYS[sender].jwk,
        signatureKey:
          jwt === undefined
            ? { type: "jwks_uri", id: PARTIES.ps, kid: SERVER_KID, dwk: "aauth-person.json" }
            : { type: "jwt", jwt },
        components: [...base, ...ofBody, ...extra],
        dryRun: true,
      });
      return Object.fromEntries(signed.headers);
    },
    async verify({ method, url, headers, body }) {
      const { authority, path, query } = partsOf(url);
      // It fetches with the global function.
      const { fetch } = globalThis;
      globalThis.fetch = async (address) => Response.json(DOCUMENTS[String(address)]);
      try {
        const request = { method, authority, path, ...(query && { query }), headers, ...(body && { body }) };
        const { verified, signatureError } = await httpsig.verify(request);
        return verified ? "verified" : `refused (${signatureError?.error ?? "invalid_signature"})`;
      } finally {
        globalThis.fetch = fetch;
      }
    },
    end: () => {},
  };
}

/** The URL as on the wire, because a URL parser would change it. */
function partsOf(url: string) {
  const [, authority, target, path, query] = /^https:\/\/([^/]+)((\/[^?]*)(?:\?(.*))?)$/s.exec(url)!;
  return { authority: authority!, target: target!, path: path!, query };
}

/** Our library. Servers are verified as at a token endpoint, agents as at a resource. */
function ourLibrary(): Library {
  const discovery = createDiscovery({
    async transport({ href }) {
      const document = DOCUMENTS[href];
      const body = new TextEncoder().encode(JSON.stringify(document ?? null));
      return { status: document === undefined ? 404 : 200, body };
    },
  });
  const options = { profile: draft11, authorities: [new URL(PARTIES.resource).host], discovery };
  const resource = createVerifier({ ...options, audience: PARTIES.resource });
  const server = createVerifier({ ...options, endpoint: "token" });
  return {
    async sign({ method, url, headers, body }, sender, extra) {
      const jwt = tokenOf(sender);
      const { headers: signed } = await signRequest(
        { method, url, headers, ...(body && { body }) },
        {
          profile: draft11,
          key: await importSigningKey(KEYS[sender].jwk, { kid: SERVER_KID }),
          signatureKey:
            jwt === undefined
              ? { scheme: "jwks_uri", id: PARTIES.ps, document: "aauth-person.json" }
              : { scheme: "jwt", jwt },
          additionalComponents: extra,
          // Like our agent for the second of two equal unsafe requests.
          nonce: method === "GET" ? undefined : randomUUID(),
        },
      );
      return signed;
    },
    async verify({ method, url, headers, body }) {
      const { authority, target } = partsOf(url);
      const isServer = headers["signature-key"]?.includes("=jwks_uri;") === true;
      const message = { method, target, headers, body, authority };
      const requirement = { level: isServer ? "server" : "agent-token" } as const;
      return (isServer ? server : resource).verifyRequest(message, requirement).then(
        () => "verified",
        (error) => {
          // The code in its form on the wire.
          const { "signature-error": field } = plainRefusal(error, requirement, [draft11]).headers;
          return `refused (${/error=([a-z_]+)/.exec(field ?? "")?.[1] ?? error.code})`;
        },
      );
    },
    end: () => {},
  };
}

/** The libraries under test, each made once. */
export function createLibraries() {
  const made = new Map<string, Promise<Library>>();
  return {
    /** @param name as in results.json */
    of(name: string): Promise<Library> {
      const library = made.get(name) ?? libraryOf(name);
      made.set(name, library);
      return library;
    },
    async end() {
      for (const library of made.values()) (await library).end();
    },
  };
}

async function libraryOf(name: string): Promise<Library> {
  if (name === "ours") return ourLibrary();
  if (name === "@hellocoop/httpsig") return httpsigLibrary();
  return programLibrary(name as keyof typeof MESSAGES);
}
