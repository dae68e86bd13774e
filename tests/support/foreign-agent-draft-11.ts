import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { type JsonWebKey, sign, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * An agent with its own agent provider, written from docs/reference/profile-draft-11.md alone: this file imports
 * nothing of ours, so that what the page forgets to say, or what our packages do differently, shows. The
 * numbers in comments are sections of the page. Every message can be signed wrong on purpose.
 */

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

/** What a signer does wrong. */
export interface Mistakes {
  /** Unix seconds; null leaves the parameter out. */
  readonly created?: number | null;
  readonly signingKey?: Key;
  /** Components that are not covered. */
  readonly without?: readonly string[];
  /** Whole value of `Signature-Key`. */
  readonly signatureKey?: string;
}

/** Identifiers have no port: where each of them listens, as `http://127.0.0.1:4711` (3). */
export type Sockets = Record<string, string>;
export type Claims = Record<string, unknown> & { readonly iss: string; readonly sub: string };
type Alg = "Ed25519" | "ES256";

/** A refusal by another party, with the draft's code where there was one, or of this agent. */
export class Refused extends Error {
  readonly answer: Answer | undefined;
  readonly code: string | undefined;
  constructor(message: string, answer?: Answer) {
    super(answer === undefined ? message : `${message}: ${answer.status} ${answer.text}`);
    this.answer = answer;
    this.code = answer && (parsed(answer.text).error as string | undefined);
  }
}

const now = () => Math.floor(Date.now() / 1000);
const sha256 = (data: string) => createHash("sha256").update(data).digest();
const digestOf = (body: string) => `sha-256=:${sha256(body).toString("base64")}:`;
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const isServerId = (value: unknown) => /^https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(String(value));
function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** An Ed25519 or ES256 key with its public JWK, which names its `alg` (4.5). */
export class Key {
  readonly alg: Alg;
  readonly jwk: JsonWebKey & { alg: Alg };
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

  /** RFC 7638. */
  get thumbprint(): string {
    const { crv, kty, x, y } = this.jwk;
    return sha256(JSON.stringify({ crv, kty, x, y })).toString("base64url");
  }
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

/** A dictionary of RFC 9651, as far as the fields of section 8 need it: tokens, strings, lists as text. */
export function dictionary(value: string): Map<string, { value: string; parameters: Map<string, string> }> {
  const members = new Map<string, { value: string; parameters: Map<string, string> }>();
  const item = String.raw`"(?:[^"\\]|\\.)*"|\([^)]*\)|[^\s;,"]+`;
  const member = new RegExp(String.raw`\s*([a-z*][\w.*-]*)=(${item})((?:;\s*[a-z*][\w.*-]*=(?:${item}))*)\s*(?:,|$)`, "gy");
  const parameter = new RegExp(String.raw`;\s*([a-z*][\w.*-]*)=(${item})`, "g");
  const plain = (text: string) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text);
  for (const [, name, first, rest] of value.matchAll(member)) {
    const parameters = [...rest!.matchAll(parameter)].map(([, key, text]) => [key!, plain(text!)] as const);
    members.set(name!, { value: plain(first!), parameters: new Map(parameters) });
  }
  return members;
}

export function requirementOf({ headers }: Answer): { value: string; parameters: Map<string, string> } | undefined {
  return dictionary(String(headers["aauth-requirement"] ?? "")).get("requirement");
}

export function signatureErrorOf({ headers }: Answer): string | undefined {
  return dictionary(String(headers["signature-error"] ?? "")).get("error")?.value;
}

/** Connects to the socket of the identifier, names the identifier's host. Follows nothing. */
export function send(sockets: Sockets, { method = "GET", url, headers = {}, body }: Outgoing): Promise<Answer> {
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

/** The request with its three signature fields (4). `more` is covered too, where the request has it. */
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
  const covered = [...new Set([...always, "content-digest", "content-type", "authorization", ...more])].filter(
    (name) => values[name] !== undefined && !mistakes.without?.includes(name),
  );
  const created = mistakes.created === undefined ? now() : mistakes.created;
  const list = covered.map((name) => `"${name}"`).join(" ");
  const parameters = `(${list})${created === null ? "" : `;created=${created}`}`;
  const lines = covered.map((name) => `"${name}": ${values[name]}`);
  const base = [...lines, `"@signature-params": ${parameters}`].join("\n");
  const signature = (mistakes.signingKey ?? key).sign(base).toString("base64");
  return {
    ...outgoing,
    headers: { ...headers, "signature-input": `sig=${parameters}`, signature: `sig=:${signature}:` },
  };
}

/** The agent provider: its two documents and its agent tokens (6.1, 7.1). */
export class AgentProvider {
  readonly key = new Key();
  readonly asked: string[] = [];
  readonly issuer: string;
  readonly #server;

  private constructor(issuer: string) {
    this.issuer = issuer;
    const documents: Record<string, object> = {
      "/.well-known/aauth-agent.json": { issuer, jwks_uri: `${issuer}/jwks.json`, name: "Foreign agents" },
      "/jwks.json": { keys: [{ ...this.key.jwk, kid: "ap-1", use: "sig" }] },
    };
    this.#server = createServer(({ method, url = "" }, outgoing) => {
      this.asked.push(`${method} ${url}`);
      const found = documents[url];
      outgoing.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(found ?? {}));
    });
  }

  /** Listens on loopback and enters itself into `sockets`. */
  static async start(sockets: Sockets, issuer = "https://foreign.example"): Promise<AgentProvider> {
    const provider = new AgentProvider(issuer);
    await new Promise<void>((resolve) => provider.#server.listen(0, "127.0.0.1", resolve));
    sockets[issuer] = `http://127.0.0.1:${(provider.#server.address() as AddressInfo).port}`;
    return provider;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  agentToken(local: string, key: Key, ps?: string, lifetime = 3600): string {
    const { issuer: iss } = this;
    const sub = `aauth:${local}@${new URL(iss).host}`;
    const times = { jti: randomUUID(), iat: now(), exp: now() + lifetime };
    const claims = { iss, dwk: "aauth-agent.json", sub, ...times, ps, cnf: { jwk: key.jwk } };
    return makeToken({ typ: "aa-agent+jwt", kid: "ap-1" }, claims, this.key);
  }

  /** A request in the provider's own name, as a revocation at a person server is (18). */
  call(sockets: Sockets, outgoing: Outgoing, mistakes: Mistakes = {}): Promise<Answer> {
    const signatureKey = `sig=jwks_uri;id="${this.issuer}";dwk="aauth-agent.json";kid="ap-1"`;
    return send(sockets, signed(outgoing, this.key, signatureKey, mistakes));
  }
}

const DOCUMENTS: Record<string, readonly string[]> = {
  "aa-person+jwt": ["aauth-person.json"],
  "aa-resource+jwt": ["aauth-resource.json"],
  "aa-auth+jwt": ["aauth-person.json", "aauth-access.json"],
};
const REQUIRED: Record<string, readonly string[]> = {
  "aa-person+jwt": ["aud", "cnf"],
  "aa-resource+jwt": ["aud", "agent_jkt", "ps", "presented_jti"],
  "aa-auth+jwt": ["aud", "cnf", "ps"],
};

/** What the agent cannot do alone: a person opens a page, or answers a question. */
export interface Person {
  /** Opens `{url}?code={code}`. */
  readonly visit?: (page: string, code: string) => unknown;
  readonly answer?: (question: string, options: readonly string[]) => string;
}

export class ForeignAgent {
  readonly key: Key;
  /** P and T by resource. */
  readonly person = new Map<string, string>();
  readonly auth = new Map<string, string>();
  /** What was sent, as `POST https://ps.example/token aa-agent+jwt 202`. */
  readonly log: string[] = [];
  token: string;
  readonly #sockets: Sockets;
  readonly #ps: string;
  readonly #person: Person;
  readonly #renew: () => string;
  #sent = new Map<string, number>();

  constructor(
    sockets: Sockets,
    provider: AgentProvider,
    { ps, local = "planner", alg, ...person }: Person & { ps: string; local?: string; alg?: Alg },
  ) {
    this.key = new Key(alg);
    this.#sockets = sockets;
    this.#ps = ps;
    this.#person = person;
    this.#renew = () => provider.agentToken(local, this.key, ps);
    this.token = this.#renew();
  }

  /** One signed request with one of its tokens, at a resource with what that resource wants covered (4.2). */
  async once(outgoing: Outgoing, jwt: string, mistakes: Mistakes & { more?: readonly string[] } = {}): Promise<Answer> {
    // Two equal unsafe requests of one second have one signature, and the second would be a replay (19.1).
    const same = JSON.stringify([outgoing, jwt]);
    const created = Math.max(now(), (this.#sent.get(same) ?? 0) + 1);
    const unsafe = outgoing.method !== undefined && outgoing.method !== "GET" && mistakes.created === undefined;
    if (unsafe) this.#sent.set(same, created);
    const message = signed(outgoing, this.key, `sig=jwt;jwt="${jwt}"`, { ...(unsafe && { created }), ...mistakes });
    const answer = await send(this.#sockets, message);
    this.log.push(`${outgoing.method ?? "GET"} ${outgoing.url} ${readToken(jwt).header.typ} ${answer.status}`);
    return answer;
  }

  /** Calls a resource, and gets whatever it asks for on the way (2.2). The answer is the last one. */
  async call({ headers, ...rest }: Outgoing): Promise<Answer> {
    const outgoing = { ...rest, headers: { "aauth-capabilities": "interaction, clarification", ...headers } };
    const resource = new URL(outgoing.url).origin;
    const { additional_signature_components: more = [] } = await this.document(resource, "aauth-resource.json", {});
    let shown = this.auth.get(resource) ?? this.person.get(resource) ?? this.token;
    for (let step = 0; step < 6; step++) {
      const answer = await this.once(outgoing, shown, { more: more as string[] });
      const requirement = requirementOf(answer);
      if (answer.status === 202) return this.#settle(answer, outgoing.url, shown);
      if (answer.status !== 401) return answer;
      if (requirement === undefined) {
        // Tokens end in the order they were made from each other (17).
        if (!["expired_jwt", "revoked_jwt"].includes(signatureErrorOf(answer) ?? "")) return answer;
        if (shown === this.token) shown = this.token = this.#renew();
        else shown = await this.personToken(resource);
      } else if (requirement.value === "agent-token" && shown !== this.token) shown = this.token;
      else if (requirement.value === "person-token") shown = await this.personToken(resource);
      else if (requirement.value === "auth-token") {
        shown = await this.authToken(resource, requirement.parameters.get("resource-token") ?? "", shown);
      } else return answer;
    }
    throw new Refused(`no end of challenges at ${outgoing.url}`);
  }

  /** A fresh P for the resource (10.1). What it had for this resource is forgotten. */
  async personToken(resource: string, more: object = {}): Promise<string> {
    this.auth.delete(resource);
    this.person.delete(resource);
    const token = (await this.ask("person_token_endpoint", { resource, ...more })).person_token as string;
    const claims = await this.verified(token, "aa-person+jwt");
    this.#expect("person token", claims, { iss: this.#ps, aud: resource });
    this.person.set(resource, token);
    return token;
  }

  /** T for R, as the resource gave it for the token that was shown (7.7, 10.2, 7.8). */
  async authToken(resource: string, resourceToken: string, shown: string, more: object = {}): Promise<string> {
    const { sub, jti } = readToken(shown).claims;
    const asked = await this.verified(resourceToken, "aa-resource+jwt");
    const mine = { agent_jkt: this.key.thumbprint, ps: this.#ps };
    this.#expect("resource token", asked, { iss: resource, sub, presented_jti: jti, ...mine });
    const body = { resource_token: resourceToken, presented_token: shown, ...more };
    const token = (await this.ask("auth_token_endpoint", body)).auth_token as string;
    const claims = await this.verified(token, "aa-auth+jwt");
    this.#expect("auth token", claims, { iss: asked.aud, aud: resource, sub });
    this.auth.set(resource, token);
    return token;
  }

  /** Asks its person server, waits for the end of it, and gives the members of the answer (10, 12). */
  async ask(endpoint: string, content: object): Promise<Record<string, unknown>> {
    const url = (await this.document(this.#ps, "aauth-person.json"))[endpoint] as string;
    const capabilities = [this.#person.visit && "interaction", this.#person.answer && "clarification"];
    const body = JSON.stringify({ ...content, capabilities: capabilities.filter(Boolean) });
    const post = { method: "POST", url, headers: { "content-type": "application/json" }, body };
    const answer = await this.#settle(await this.once(post, this.token), url, this.token);
    if (answer.status !== 200) throw new Refused(`${endpoint} refuses`, answer);
    return parsed(answer.text);
  }

  /** Polls until there is an answer that is one (12 to 14). */
  async #settle(first: Answer, url: string, token: string): Promise<Answer> {
    let answer = first;
    let shown = token;
    let location = url;
    let slower = 0;
    const seen = new Set<string>();
    for (let poll = 0; [202, 429, 503].includes(answer.status); poll++) {
      if (poll > 30) throw new Refused("polled for too long", answer);
      location = new URL(answer.headers.location ?? location, url).href;
      if (new URL(location).origin !== new URL(url).origin) throw new Refused("Location of another origin", answer);
      if (answer.status === 429) slower += 5;
      const { value, parameters } = requirementOf(answer) ?? { value: "", parameters: new Map<string, string>() };
      const body = parsed(answer.text);
      if (value === "interaction" && body.status !== "interacting") {
        const [page = "", code = ""] = [parameters.get("url"), parameters.get("code")];
        if (!/^https:\/\/[^?#]+$/.test(page)) throw new Refused("no page to open", answer);
        if (!seen.has(code)) await this.#person.visit?.(page, code);
        seen.add(code);
      } else if (value === "clarification") {
        const options = (body.options ?? []) as string[];
        const said = this.#person.answer?.(String(body.clarification), options) ?? "";
        const content = JSON.stringify({ action: "clarification_response", clarification_response: said });
        const headers = { "content-type": "application/json" };
        const reply = await this.once({ method: "POST", url: location, headers, body: content }, shown);
        if (reply.status >= 300) return reply;
      } else if (value === "auth-token") {
        // A held request (9.2): from here on the polls carry T.
        const resourceToken = parameters.get("resource-token") ?? "";
        if (!seen.has(resourceToken)) shown = await this.authToken(new URL(url).origin, resourceToken, shown);
        seen.add(resourceToken);
      }
      const wait = Number(answer.headers["retry-after"] ?? 5) + slower;
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      answer = await this.once({ url: location }, shown);
    }
    return answer;
  }

  /** Unsigned, and checked to be of whom it was asked for (6.2). `otherwise` where it may be missing. */
  async document(issuer: string, name: string, otherwise?: Record<string, unknown>): Promise<Record<string, unknown>> {
    if (!isServerId(issuer)) throw new Refused(`not an identifier: ${issuer}`);
    const answer = await send(this.#sockets, { url: `${issuer}/.well-known/${name}` });
    if (answer.status === 404 && otherwise !== undefined) return otherwise;
    const document = parsed(answer.text);
    if (answer.status !== 200 || document.issuer !== issuer) throw new Refused(`no ${name} of ${issuer}`, answer);
    return document;
  }

  /** The claims of a token of somebody else, after the common checks (7.2) and, with `cnf`, that the key is its own. */
  async verified(token: string, typ: string): Promise<Claims> {
    const { header, claims } = readToken(token);
    const fail = (what: string) => new Refused(`${typ}: ${what} ${JSON.stringify({ header, claims })}`);
    if (header.typ !== typ) throw fail("typ");
    if (!DOCUMENTS[typ]!.includes(String(claims.dwk)) || !isServerId(claims.iss)) throw fail("dwk or iss");
    for (const name of ["sub", "jti", "iat", "exp", ...REQUIRED[typ]!]) if (claims[name] === undefined) throw fail(name);
    if (header.alg !== "Ed25519" && header.alg !== "ES256") throw fail("alg");
    const { jwks_uri } = await this.document(claims.iss, String(claims.dwk));
    const set = parsed((await send(this.#sockets, { url: String(jwks_uri) })).text).keys as JsonWebKey[];
    const jwk = set.find(({ kid }) => kid === header.kid);
    if (jwk === undefined || jwk.alg !== header.alg) throw fail("kid");
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const [input, signature] = [token.slice(0, token.lastIndexOf(".")), token.slice(token.lastIndexOf(".") + 1)];
    const [hash, options] =
      header.alg === "Ed25519" ? [null, { key }] : ["sha256", { key, dsaEncoding: "ieee-p1363" as const }];
    if (!verify(hash, Buffer.from(input), options, Buffer.from(signature, "base64url"))) throw fail("signature");
    const [iat, exp] = [Number(claims.iat), Number(claims.exp)];
    if (!(exp > now()) || iat > now() + 60 || (typ !== "aa-resource+jwt" && exp - iat > 3600)) throw fail("times");
    if ("cnf" in claims) {
      const { crv, kty, x, y } = this.key.jwk;
      this.#expect(typ, (claims.cnf as { jwk: Record<string, unknown> }).jwk, { crv, kty, x, y });
    }
    return claims;
  }

  #expect(what: string, found: Record<string, unknown>, expected: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(expected)) {
      const given = Array.isArray(found[name]) && found[name].length === 1 ? found[name][0] : found[name];
      if (given !== value) throw new Refused(`${what}: ${name} is ${String(given)}, not ${String(value)}`);
    }
  }
}
