import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKeyInput,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";

/**
 * Keys, tokens and signed messages of draft -11, written from docs/reference/profile-draft-11.md
 * alone: this folder imports nothing of ours, so that what the page forgets to say, or what our
 * packages do differently, shows. The numbers in comments are sections of the page. Every message
 * can be signed wrong on purpose.
 */

export type Jwk = JsonWebKeyInput["key"] & { readonly kid?: string; readonly alg?: string };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Outgoing {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Errors that a signer makes. */
export interface Mistakes {
  /** Unix seconds; null leaves the parameter out. */
  readonly created?: number | null;
  readonly signingKey?: Key;
  /** Components that are not covered. */
  readonly without?: readonly string[];
  /** Whole value of `Signature-Key`. */
  readonly signatureKey?: string;
}

/** Sockets by identifier, as `http://127.0.0.1:4711`, because identifiers have no port (3). */
export type Sockets = Record<string, string>;
export type Claims = Record<string, unknown> & { readonly iss: string; readonly sub: string };
export type Alg = "Ed25519" | "ES256";

export const now = () => Math.floor(Date.now() / 1000);
export const sha256 = (data: string) => createHash("sha256").update(data).digest();
export const digestOf = (body: string) => `sha-256=:${sha256(body).toString("base64")}:`;
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
export const isServerId = (value: unknown) => /^https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(String(value));
export function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** An Ed25519 or ES256 key with its public JWK, which names its `alg` (4.5). */
export class Key {
  readonly alg: Alg;
  readonly jwk: Jwk & { alg: Alg };
  readonly #private: KeyObject;

  constructor(alg: Alg = "Ed25519") {
    const pair =
      alg === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("ed25519", {});
    this.alg = alg;
    this.#private = pair.privateKey;
    this.jwk = { ...pair.publicKey.export({ format: "jwk" }), alg };
  }

  sign(text: string): Buffer {
    const bytes = Buffer.from(text);
    if (this.alg === "Ed25519") return sign(null, bytes, this.#private);
    return sign("sha256", bytes, { key: this.#private, dsaEncoding: "ieee-p1363" });
  }

  get thumbprint(): string {
    return thumbprintOf(this.jwk);
  }
}

/** RFC 7638. */
export function thumbprintOf({ crv, kty, x, y }: Jwk): string {
  return sha256(JSON.stringify({ crv, kty, x, y })).toString("base64url");
}

/** Whether the JWK's key has made the signature, by the algorithm that the JWK names (4.5). */
export function isSignedBy(jwk: Jwk, text: string, signature: Buffer): boolean {
  const key = createPublicKey({ key: jwk, format: "jwk" });
  if (jwk.alg === "Ed25519") return verify(null, Buffer.from(text), key, signature);
  return verify("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }, signature);
}

export function makeToken(header: object, claims: object, key: Key): string {
  const input = `${base64url({ alg: key.alg, ...header })}.${base64url(claims)}`;
  return `${input}.${key.sign(input).toString("base64url")}`;
}

export function readToken(token: string): { header: Record<string, unknown>; claims: Claims } {
  const [header, claims] = token
    .split(".", 2)
    .map((part) => parsed(Buffer.from(part, "base64url").toString()));
  return { header: header ?? {}, claims: claims as Claims };
}

/**
 * A dictionary of RFC 9651, as far as the fields of section 8 need it: tokens, strings, lists as
 * text.
 */
export function dictionary(value: string): Map<string, { value: string; parameters: Map<string, string> }> {
  const members = new Map<string, { value: string; parameters: Map<string, string> }>();
  const item = String.raw`"(?:[^"\\]|\\.)*"|\([^)]*\)|[^\s;,"]+`;
  const member = new RegExp(
    String.raw`\s*([a-z*][\w.*-]*)=(${item})((?:;\s*[a-z*][\w.*-]*=(?:${item}))*)\s*(?:,|$)`,
    "gy",
  );
  const parameter = new RegExp(String.raw`;\s*([a-z*][\w.*-]*)=(${item})`, "g");
  const plain = (text: string) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text);
  for (const [, name, first, rest] of value.matchAll(member)) {
    const parameters = [...rest!.matchAll(parameter)].map(([, key, text]) => [key!, plain(text!)] as const);
    members.set(name!, { value: plain(first!), parameters: new Map(parameters) });
  }
  return members;
}

export function requirementOf({
  headers,
}: Answer): { value: string; parameters: Map<string, string> } | undefined {
  return dictionary(String(headers["aauth-requirement"] ?? "")).get("requirement");
}

export function signatureErrorOf({ headers }: Answer): string | undefined {
  return dictionary(String(headers["signature-error"] ?? "")).get("error")?.value;
}

/** Connects to the identifier's socket and names the identifier's host. Follows no redirect. */
export function send(
  sockets: Sockets,
  { method = "GET", url, headers = {}, body }: Outgoing,
): Promise<Answer> {
  const { host, origin } = new URL(url);
  const socket = sockets[origin];
  if (socket === undefined) return Promise.reject(new Error(`no socket for ${origin}`));
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const options = { method, path: url.slice(origin.length) || "/", headers: { host, ...length, ...headers } };
  return new Promise((resolve, reject) => {
    const outgoing = request(socket, { ...options, agent: false }, async (incoming) => {
      let text = "";
      for await (const chunk of incoming.setEncoding("utf8")) text += chunk;
      resolve({ status: incoming.statusCode!, headers: incoming.headers, text });
    });
    outgoing.setTimeout(15_000, () => outgoing.destroy(new Error(`no answer from ${url}`)));
    outgoing.once("error", reject).end(body);
  });
}

/**
 * The request with its three signature fields (4). `more` is covered too, if the request has it.
 */
export function signed(
  outgoing: Outgoing,
  key: Key,
  signatureKey: string,
  { more = [], ...mistakes }: Mistakes & { more?: readonly string[] } = {},
): Outgoing {
  const { method = "GET", url, body } = outgoing;
  const { host, origin } = new URL(url);
  const [path, query] = (url.slice(origin.length) || "/").split(/(?=\?)/, 2);
  const headers: Record<string, string> = {
    ...outgoing.headers,
    ...(body !== undefined && { "content-digest": digestOf(body) }),
    "signature-key": mistakes.signatureKey ?? signatureKey,
  };
  const values: Record<string, string | undefined> = {
    "@method": method,
    "@authority": host,
    "@path": path,
    "@query": query ?? "?",
    ...headers,
  };
  const always = ["@method", "@authority", "@path", "signature-key"];
  const covered = [
    ...new Set([...always, "content-digest", "content-type", "authorization", ...more]),
  ].filter((name) => values[name] !== undefined && !mistakes.without?.includes(name));
  const created = mistakes.created === undefined ? now() : mistakes.created;
  const list = covered.map((name) => `"${name}"`).join(" ");
  const when = created === null ? "" : `;created=${created}`;
  const parameters = `(${list})${when}`;
  const lines = covered.map((name) => `"${name}": ${values[name]}`);
  const base = [...lines, `"@signature-params": ${parameters}`].join("\n");
  const signature = (mistakes.signingKey ?? key).sign(base).toString("base64");
  return {
    ...outgoing,
    headers: { ...headers, "signature-input": `sig=${parameters}`, signature: `sig=:${signature}:` },
  };
}
