/** Signers and verifiers of messages, each behind the same two calls: ours, that of the draft's author, and those that are programs. */

import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { spawnGuarded } from "../../../scripts/spawn-guarded.ts";
import { MESSAGES, PARTIES, PEERS } from "./peers.ts";

export interface Message {
  readonly method: string;
  /** Absolute, https. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** Who signs: an agent with its token, or the person server with a key that it publishes. */
export type Sender = "agent" | "server";

export interface Library {
  /** All fields to send, with lower-case names. `extra`: more components to cover. */
  sign(message: Message, sender: Sender, extra: readonly string[]): Promise<Record<string, string>>;
  /** `verified`, or the code of the refusal. */
  verify(message: Message): Promise<string>;
  end(): void;
}

const AGENT_ID = "aauth:Planner@agent.example";
const SERVER_KID = "ps-1";
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The private keys that the programs make of the same names. */
function keyOf(name: string): { readonly key: KeyObject; readonly jwk: Record<string, string> } {
  const seed = createHash("sha256").update(`interop-${name}`).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  return { key, jwk: { ...(key.export({ format: "jwk" }) as Record<string, string>), alg: "Ed25519" } };
}

export const KEYS = { provider: keyOf("provider"), agent: keyOf("agent"), server: keyOf("ps") };
const publicJwk = ({ d: _, ...jwk }: Record<string, string>) => jwk;

/** The documents that all verifiers find, by URL. */
export const DOCUMENTS = {
  [`${PARTIES.agent}/.well-known/aauth-agent.json`]: {
    issuer: PARTIES.agent,
    jwks_uri: `${PARTIES.agent}/jwks.json`,
  },
  [`${PARTIES.agent}/jwks.json`]: { keys: [{ ...publicJwk(KEYS.provider.jwk), kid: "ap-1" }] },
  [`${PARTIES.ps}/.well-known/aauth-person.json`]: {
    issuer: PARTIES.ps,
    jwks_uri: `${PARTIES.ps}/jwks.json`,
    person_token_endpoint: `${PARTIES.ps}/person`,
    auth_token_endpoint: `${PARTIES.ps}/token`,
  },
  [`${PARTIES.ps}/jwks.json`]: { keys: [{ ...publicJwk(KEYS.server.jwk), kid: SERVER_KID }] },
};

/** Made by hand: a token that none of the libraries has made. */
function agentToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "Ed25519", typ: "aa-agent+jwt", kid: "ap-1" };
  const claims = {
    ...{ iss: PARTIES.agent, dwk: "aauth-agent.json", sub: AGENT_ID, jti: "agent-token-1", ps: PARTIES.ps },
    ...{ iat: now, exp: now + 3600, cnf: { jwk: publicJwk(KEYS.agent.jwk) } },
  };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${signed}.${sign(null, Buffer.from(signed), KEYS.provider.key).toString("base64url")}`;
}

export const AGENT_TOKEN = agentToken();

/** A peer that is a program: a message a line, JSON in, JSON out. */
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
      const signed = await ask({ do: "sign", ...(sender === "agent" && { token: AGENT_TOKEN }) }, message);
      return Object.fromEntries(Object.entries(signed).map(([field, value]) => [field.toLowerCase(), value]));
    },
    async verify(message) {
      const { verified, code } = await ask({ do: "verify" }, message);
      return verified === undefined ? `refused (${code})` : "verified";
    },
    end: () => void child.stdin!.end(),
  };
}

/** The library of the draft's author. It verifies the signature, and leaves the token to its caller. */
async function httpsigLibrary(): Promise<Library> {
  const { resolve } = createRequire(`${PEERS.js}/package.json`);
  const httpsig = await import(resolve("@hellocoop/httpsig"));
  return {
    async sign({ method, url, headers, body }, sender, extra) {
      const base = ["@method", "@authority", "@path", "signature-key"];
      const ofBody = body ? ["content-digest", "content-type"] : [];
      const signed = await httpsig.fetch(url, {
        method,
        headers,
        ...(body && { body }),
        signingKey: sender === "agent" ? KEYS.agent.jwk : KEYS.server.jwk,
        signatureKey:
          sender === "agent"
            ? { type: "jwt", jwt: AGENT_TOKEN }
            : { type: "jwks_uri", id: PARTIES.ps, kid: SERVER_KID, dwk: "aauth-person.json" },
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

/** As it stands on the wire: a parser of URLs would change it. */
export function partsOf(url: string) {
  const [, authority, path, query] = /^https:\/\/([^/]+)(\/[^?]*)(?:\?(.*))?$/s.exec(url)!;
  return { authority: authority!, path: path!, query };
}

/** @param name as in results.json */
export async function libraryOf(name: string): Promise<Library> {
  if (name === "@hellocoop/httpsig") return httpsigLibrary();
  return programLibrary(name as keyof typeof MESSAGES);
}
