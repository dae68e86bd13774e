import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Alg,
  type Answer,
  type Claims,
  Key,
  type Mistakes,
  makeToken,
  now,
  type Outgoing,
  parsed,
  readToken,
  requirementOf,
  type Sockets,
  send,
  signatureErrorOf,
  signed,
  thumbprintOf,
} from "./messages.ts";
import { documentOf, type Members, Refused, type TokenType, verifyToken } from "./tokens.ts";

/**
 * An agent with its own agent provider, written from docs/reference/profile-draft-11.md alone, as
 * messages.ts is.
 */

/** The agent provider: its two documents and its agent tokens (6.1, 7.1). */
export class AgentProvider {
  readonly key = new Key();
  readonly asked: string[] = [];
  /** By path. */
  readonly documents: Record<string, object>;
  readonly issuer: string;
  readonly #server;

  private constructor(issuer: string) {
    this.issuer = issuer;
    this.documents = {
      "/.well-known/aauth-agent.json": { issuer, jwks_uri: `${issuer}/jwks.json`, name: "Foreign agents" },
      "/jwks.json": { keys: [{ ...this.key.jwk, kid: "ap-1", use: "sig" }] },
    };
    this.#server = createServer(({ method, url = "" }, outgoing) => {
      this.asked.push(`${method} ${url}`);
      const found = this.documents[url];
      outgoing.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(found ?? {}));
    });
  }

  /** Listens on loopback and adds itself to `sockets`. */
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

  /** For an hour; `changes` replace claims. */
  agentToken(local: string, { jwk }: Pick<Key, "jwk">, changes: object = {}): string {
    const { issuer: iss } = this;
    const sub = `aauth:${local}@${new URL(iss).host}`;
    const times = { jti: randomUUID(), iat: now(), exp: now() + 3600 };
    const claims = { iss, dwk: "aauth-agent.json", sub, ...times, cnf: { jwk }, ...changes };
    return makeToken({ typ: "aa-agent+jwt", kid: "ap-1" }, claims, this.key);
  }

  /** A request in the provider's own name, as a revocation at a person server is (18). */
  call(sockets: Sockets, outgoing: Outgoing): Promise<Answer> {
    const signatureKey = `sig=jwks_uri;id="${this.issuer}";dwk="aauth-agent.json";kid="ap-1"`;
    return send(sockets, signed(outgoing, this.key, signatureKey));
  }
}

const ENDED = ["expired_jwt", "revoked_jwt"];

/** Actions of the agent's person: opening a page, and answering a question. */
export interface Person {
  /** Opens `{url}?code={code}`. */
  readonly visit?: ((page: string, code: string) => unknown) | undefined;
  readonly answer?: (question: string, options: readonly string[]) => string;
}

export interface AgentOptions extends Person {
  readonly ps: string;
  /**
   * The server of its caller's person, for a resource that calls another (15). Default: its own.
   */
  readonly actsFor?: string;
  readonly local?: string;
  readonly alg?: Alg;
}

export class ForeignAgent {
  readonly key: Key;
  /** P and T by resource. */
  readonly person = new Map<string, string>();
  readonly auth = new Map<string, string>();
  /** Sent requests, as `POST https://ps.example/token aa-agent+jwt 202`. */
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
    { ps, actsFor = ps, local = "planner", alg, ...person }: AgentOptions,
  ) {
    this.key = new Key(alg);
    this.#sockets = sockets;
    this.#ps = actsFor;
    this.#person = person;
    this.#renew = () => provider.agentToken(local, this.key, { ps });
    this.token = this.#renew();
  }

  /**
   * One signed request with one of its tokens, at a resource with the components that it requires
   * (4.2).
   */
  async once(
    outgoing: Outgoing,
    jwt: string,
    mistakes: Mistakes & { more?: readonly string[] } = {},
  ): Promise<Answer> {
    // Two equal unsafe requests of one second have one signature base, and the second would be a
    // replay (4.3).
    const same = JSON.stringify([outgoing, jwt]);
    const created = Math.max(now(), (this.#sent.get(same) ?? 0) + 1);
    const unsafe =
      outgoing.method !== undefined && outgoing.method !== "GET" && mistakes.created === undefined;
    if (unsafe) this.#sent.set(same, created);
    const message = signed(outgoing, this.key, `sig=jwt;jwt="${jwt}"`, {
      ...(unsafe && { created }),
      ...mistakes,
    });
    const answer = await send(this.#sockets, message);
    this.log.push(
      `${outgoing.method ?? "GET"} ${outgoing.url} ${readToken(jwt).header.typ} ${answer.status}`,
    );
    return answer;
  }

  /**
   * Calls a resource, and obtains whatever it requires on the way (2.2). Returns the last answer.
   */
  async call({ headers, ...rest }: Outgoing): Promise<Answer> {
    const outgoing = { ...rest, headers: { "aauth-capabilities": "interaction, clarification", ...headers } };
    const resource = new URL(outgoing.url).origin;
    const { additional_signature_components: more = [] } = await this.document(
      resource,
      "aauth-resource.json",
      {},
    );
    let shown = this.auth.get(resource) ?? this.person.get(resource) ?? this.token;
    for (let step = 0; step < 6; step++) {
      const answer = await this.once(outgoing, shown, { more: more as string[] });
      const requirement = requirementOf(answer);
      if (answer.status === 202) return this.#settle(answer, outgoing.url, shown);
      if (answer.status !== 401) return answer;
      if (requirement === undefined) {
        // Tokens expire in the order of their derivation (17).
        if (!ENDED.includes(signatureErrorOf(answer) ?? "")) return answer;
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

  /** A new P for the resource (10.1), which replaces all earlier tokens for it. */
  async personToken(resource: string, more: object = {}): Promise<string> {
    this.auth.delete(resource);
    this.person.delete(resource);
    const token = (await this.ask("person_token_endpoint", { resource, ...more })).person_token as string;
    const claims = await this.verified(token, "aa-person+jwt");
    this.#expect("person token", claims, { iss: this.#ps, aud: resource });
    this.person.set(resource, token);
    return token;
  }

  /** T for R, as the resource issued it for the presented token (7.7, 10.2, 7.8). */
  async authToken(
    resource: string,
    resourceToken: string,
    shown: string,
    more: object = {},
  ): Promise<string> {
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

  /**
   * Sends a request to its person server, waits for the outcome, and returns the members of the
   * answer (10, 12).
   */
  async ask(endpoint: string, content: object): Promise<Record<string, unknown>> {
    const url = (await this.document(this.#ps, "aauth-person.json"))[endpoint] as string;
    const capabilities = [this.#person.visit && "interaction", this.#person.answer && "clarification"];
    const body = JSON.stringify({ ...content, capabilities: capabilities.filter(Boolean) });
    const post = { method: "POST", url, headers: { "content-type": "application/json" }, body };
    let first = await this.once(post, this.token);
    if (ENDED.includes(signatureErrorOf(first) ?? "")) {
      this.token = this.#renew();
      first = await this.once(post, this.token);
    }
    const answer = await this.#settle(first, url, this.token);
    if (answer.status !== 200) throw new Refused(`${endpoint} refuses`, answer);
    return parsed(answer.text);
  }

  /** Polls for a final answer, for half a minute (12 to 14). */
  async #settle(first: Answer, url: string, token: string): Promise<Answer> {
    const until = Date.now() + 30_000;
    const seen = new Set<string>();
    let [answer, shown, location, slower] = [first, token, url, 0];
    while (answer.status === 202 || (answer !== first && [429, 503].includes(answer.status))) {
      if (Date.now() > until) throw new Refused("polled for too long", answer);
      location = new URL(answer.headers.location ?? location, url).href;
      if (new URL(location).origin !== new URL(url).origin)
        throw new Refused("Location of another origin", answer);
      if (answer.status === 429) slower += 5;
      const { value, parameters } = requirementOf(answer) ?? {
        value: "",
        parameters: new Map<string, string>(),
      };
      const body = parsed(answer.text);
      let wait = Number(answer.headers["retry-after"] ?? 5) + slower;
      let next: Outgoing = { url: location, headers: { prefer: "wait=2" } };
      if (value === "interaction" && body.status !== "interacting") {
        const [page = "", code = ""] = [parameters.get("url"), parameters.get("code")];
        if (!/^https:\/\/[^?#]+$/.test(page)) throw new Refused("no page to open", answer);
        if (!seen.has(code)) await this.#person.visit?.(page, code);
        seen.add(code);
      } else if (value === "clarification") {
        const reply =
          this.#person.answer?.(String(body.clarification), (body.options ?? []) as string[]) ?? "";
        const content = JSON.stringify({ action: "clarification_response", clarification_response: reply });
        next = {
          url: location,
          method: "POST",
          headers: { "content-type": "application/json" },
          body: content,
        };
        wait = 0;
      } else if (value === "auth-token") {
        // A held request (9.2): from here on the polls carry T, and the first one that does is not
        // early.
        const resourceToken = parameters.get("resource-token") ?? "";
        if (!seen.has(resourceToken)) {
          shown = await this.authToken(new URL(url).origin, resourceToken, shown);
          wait = 0;
        }
        seen.add(resourceToken);
      }
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      answer = await this.once(next, shown);
      if (answer.status === 204) answer = await this.once({ url: location }, shown);
    }
    return answer;
  }

  document(issuer: string, name: string, otherwise?: Members): Promise<Members> {
    return documentOf(this.#sockets, issuer, name, otherwise);
  }

  /** The claims of a token from another party; with `cnf`, its key is the agent's own. */
  async verified(token: string, typ: TokenType): Promise<Claims> {
    const { claims, jwk } = await verifyToken(this.#sockets, token, [typ]);
    if (jwk !== undefined && thumbprintOf(jwk) !== this.key.thumbprint) {
      throw new Refused(`${typ}: of another key`);
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
