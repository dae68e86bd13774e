/** A whole flow of draft -11, recorded between agent, resource, person and access server. */

import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { platformCrypto } from "../../../src/crypto/node.ts";
import type { Draft11Level } from "../../../src/draft-11/names.ts";
import { draft11 } from "../../../src/draft-11/profile.ts";
import { AAuthVerificationError } from "../../../src/errors.ts";
import type { EndpointRole } from "../../../src/profile/messages.ts";
import type { Answer } from "../../../src/profile/resource-rules.ts";
import { createRevocations } from "../../../src/profile/revocations.ts";
import { createChallenger } from "../../../src/resource/challenge.ts";
import { createRevocationEndpoint } from "../../../src/resource/revocation-endpoint.ts";
import { createVerifier } from "../../../src/resource/verify-request.ts";
import type { Requirement } from "../../../src/types.ts";
import {
  ALICE,
  AS,
  CAPABILITIES,
  type Caller,
  createWorld,
  PS,
  RESOURCE,
  type World,
  keys as worldKeys,
} from "../../server/world.ts";
import { because, NOW, theAgent } from "./draft-11-parties.ts";
import { type Case, claimsOf, signatureBase, type VectorFile } from "./messages.ts";

const ABOUT =
  "Requests of one flow in the order in which they were sent, each judged as in requests.json; `response` is what the party answered. A person is asked for consent, and agrees at a page. The verdict is that of the message alone: a party may refuse an authentic request for what it asks for.";

type Members = Readonly<Record<string, unknown>>;
interface Sent {
  readonly method: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}
/** Title of a recorded request, and the verdict on it. */
interface Step {
  readonly title: string;
  readonly section: string;
  readonly caller?: Members;
  readonly error?: Members & { readonly code: string };
}

const ROUTES: Readonly<
  Record<string, { readonly requirement: Requirement<Draft11Level>; readonly accessServer?: string }>
> = {
  "/identity": { requirement: { level: "agent-token" } },
  "/data": { requirement: { level: "auth-token", scopes: ["data.read"] } },
  "/data/new": { requirement: { level: "auth-token", scopes: ["data.write"] } },
  "/archive": { requirement: { level: "auth-token", scopes: ["data.read"] }, accessServer: AS },
  "/vault": { requirement: { level: "auth-token", scopes: ["data.admin"] }, accessServer: AS },
};
const SERVER_LEVEL = { level: "server" };
const [PERSON, TOKEN] = ["/aauth/person", "/aauth/token"];

/** Verifier and requirement of the party at an address. */
function judgeOf({ host, pathname }: URL) {
  if (pathname.includes("revoke"))
    return { verifier: { endpoint: "revocation", authority: host }, requirement: SERVER_LEVEL };
  if (host === new URL(RESOURCE).host) {
    const { requirement, accessServer } = ROUTES[pathname]!;
    const verifier = {
      endpoint: "resource",
      authority: host,
      audience: RESOURCE,
      trustedIssuers: accessServer === undefined ? [PS, AS] : [PS],
      ...(accessServer !== undefined && { accessServer }),
    };
    return { verifier, requirement };
  }
  const endpoint = pathname.includes("pending") ? "pending" : "token";
  const isPersonServer = host === new URL(PS).host;
  return {
    verifier: { endpoint, authority: host },
    requirement: isPersonServer ? { level: "agent-token" } : SERVER_LEVEL,
  };
}

const componentsIn = (input: string) => [...input.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);

class Recorder {
  readonly cases: Case[] = [];
  now = NOW;
  readonly revoked: string[] = [];

  /** Records a request, and later its answer. */
  async record(
    { title, section, caller = theAgent, error }: Step,
    sent: Sent,
    answer: () => Promise<Answer>,
  ) {
    const { method, fields, body } = sent;
    const url = new URL(sent.url);
    const target = `${url.pathname}${url.search}`;
    const { verifier, requirement } = judgeOf(url);
    const [, raw = ""] = /^sig=(.*)$/.exec(fields["signature-input"] ?? "") ?? [];
    const message = { method, authority: url.host, target, fields };
    const base = signatureBase(message, componentsIn(raw.slice(0, raw.indexOf(")"))), raw);
    const text = body === undefined ? {} : { body: new TextDecoder().decode(body) };
    const revoked = this.revoked.length > 0 && { revoked: [...this.revoked] };
    const input = {
      now: this.now,
      verifier: { ...verifier, ...revoked },
      requirement,
      request: { method, target, fields, ...text },
    };
    const index = this.cases.push({ title, section, input, expected: { value: undefined } }) - 1;
    const { status, headers, body: content } = await answer();
    const thumbprint = "server" in caller ? thumbprints[caller.server as string] : worldKeys.agent.thumbprint;
    const expected =
      error === undefined ? { value: { signatureBase: base, caller: { ...caller, thumbprint } } } : { error };
    this.cases[index] = {
      title,
      section,
      input,
      expected,
      response: { status, fields: headers, body: content },
    };
    return { status, headers, body: content === "" ? {} : JSON.parse(content) };
  }
}

const thumbprints: Readonly<Record<string, string>> = {
  [PS]: worldKeys.ps.thumbprint,
  [AS]: worldKeys.as.thumbprint,
};

function createResource(world: World, recorder: Recorder) {
  const { discovery } = world;
  const now = () => recorder.now;
  const revocations = createRevocations({ now });
  const common = {
    profile: draft11,
    authorities: [new URL(RESOURCE).host],
    audience: RESOURCE,
    discovery,
    now,
  };
  const verifier = createVerifier({
    ...common,
    endpoint: "revocation",
    agentProviders: [PS, AS],
  });
  const revocation = createRevocationEndpoint({ verifier, revocations, path: "/revoke", now });
  return async (url: URL, { method, fields: headers, body }: Omit<Sent, "url">): Promise<Answer> => {
    const request = { method, target: `${url.pathname}${url.search}`, headers, body };
    if (url.pathname === revocation.path) return revocation.handle(request);
    const { requirement, accessServer } = ROUTES[url.pathname]!;
    const { isRevoked } = revocations;
    try {
      const personServers = accessServer === undefined ? [PS, AS] : [PS];
      await createVerifier({
        ...common,
        personServers,
        accessServer,
        isRevoked,
      }).verifyRequest(request, requirement);
      return { status: 200, headers: { "content-type": "application/json" }, body: '{"served":true}' };
    } catch (error) {
      if (!(error instanceof AAuthVerificationError)) throw error;
      const options = {
        profile: draft11,
        key: worldKeys.resource,
        resource: RESOURCE,
        accessServer,
        now,
      };
      return createChallenger(options).challengeFor(error, requirement);
    }
  };
}

/** Requests of servers to each other, by path. */
const SERVER_STEPS: Readonly<Record<string, Step>> = {
  "/aauth/access/token": { title: "asks the access server for an auth token", section: "9.1" },
  "/revoke": { title: "revokes a token at the resource", section: "11.12.4" },
  "/aauth/access/revoke": {
    title: "revokes the person token at the access server",
    section: "11.12.4",
  },
};

/** The parties, over a transport in memory that records all messages. */
async function createParties(recorder: Recorder) {
  const overWorld: { transport?: World["transport"] } = {};
  const recorded =
    (server: string, name: string): World["transport"] =>
    async (address, init) => {
      const { title, section } = SERVER_STEPS[new URL(address).pathname]!;
      const step = { title: `${name} ${title}`, section, caller: { level: "server", server } };
      const { method, headers, body } = init;
      let response = new Response();
      await recorder.record(step, { method, url: address, fields: { ...headers }, body }, async () => {
        response = await overWorld.transport!(address, init);
        const { status, headers: fields } = response;
        return { status, headers: Object.fromEntries(fields), body: await response.clone().text() };
      });
      return response;
    };
  const world = createWorld({
    now: () => recorder.now,
    ps: {
      subjectSecret: new Uint8Array(createHash("sha256").update("aauth vectors").digest()),
      transport: recorded(PS, "the person server"),
    },
    as: {
      decide: ({ scopes }) =>
        scopes.includes("data.admin") ? { type: "deny", detail: "not for agents" } : { type: "grant" },
      transport: recorded(AS, "the access server"),
    },
  });
  overWorld.transport = world.transport;
  const resource = createResource(world, recorder);
  world.hosts.set(new URL(RESOURCE).host, (url, { method, headers, body }) =>
    resource(url, { method, fields: { ...headers }, body }),
  );
  return { world, resource, agent: await world.agent() };
}

type Reply = Awaited<ReturnType<Recorder["record"]>>;

/** Actions of the agent. */
async function createAgentSteps(recorder: Recorder) {
  const { world, resource, agent } = await createParties(recorder);
  async function send(step: Step, caller: Caller, method: string, url: string, body?: object) {
    const endpoint = judgeOf(new URL(url)).verifier.endpoint as EndpointRole;
    const request = await world.request(caller, method, url, body, { endpoint });
    const sent = { method, url, fields: request.headers, body: request.body };
    return recorder.record(step, sent, async () => {
      if (new URL(url).host === new URL(RESOURCE).host) return resource(new URL(url), sent);
      return (await world.ps.handle(request))!;
    });
  }
  const steps = {
    get: (step: Step, path: string, token?: string) => {
      const caller: Caller =
        token === undefined ? agent : { key: agent.key, credential: { scheme: "jwt", jwt: token } };
      return send(step, caller, "GET", `${RESOURCE}${path}`);
    },
    post: (title: string, section: string, path: string, body: object) =>
      send({ title, section }, agent, "POST", `${PS}${path}`, { ...body, capabilities: CAPABILITIES }),
    poll(title: string, { headers }: Reply) {
      recorder.now += 1;
      return send({ title, section: "11.8" }, agent, "GET", headers.location!);
    },
    /** The person agrees, and the agent polls. */
    async approved(title: string, pending: Reply) {
      await world.approve(pending);
      return (await steps.poll(title, pending)).body;
    },
    async revoke(token: string) {
      const { iss, jti } = claimsOf(token);
      await world.ps.revoke(ALICE, { iss, jti });
      recorder.revoked.push(jti);
    },
  };
  return steps;
}

type Steps = Awaited<ReturnType<typeof createAgentSteps>>;

const asks = (
  title: string,
  section: string,
  code: string,
  fields: Members,
  check = "requirement",
): Step => ({
  title,
  section,
  error: { code, check, status: 401, fields, fetches: true },
});
const TO_GET_A_TOKEN = { "aauth-requirement": "requirement=auth-token; resource-token" };
const TO_GET_A_PERSON = { "aauth-requirement": "requirement=person-token" };
const pairOf = ({ headers }: Reply, presented: string) => ({
  resource_token: /resource-token="([^"]+)"/.exec(headers["aauth-requirement"] ?? "")?.[1] ?? "",
  presented_token: presented,
});
const reads = (title: string, iss: string, scope: string, personToken: string): Step => {
  const { sub } = claimsOf(personToken);
  return { title, section: "6.5", caller: { level: "auth-token", person: { iss, sub }, scopes: [scope] } };
};

async function identity({ get, post, poll, approved }: Steps): Promise<string> {
  await get({ title: "the resource knows the agent", section: "6.1" }, "/identity");
  await get(asks("the resource asks for a person token", "6.7", "person_required", TO_GET_A_PERSON), "/data");
  const person = { resource: RESOURCE };
  const pending = await post(
    "the agent asks for a person token, and the person is asked",
    "7.1",
    PERSON,
    person,
  );
  await poll("the agent polls before the person has answered", pending);
  const { person_token } = await approved("the agent polls, and gets the person token", pending);
  await poll("the agent polls again after the end", pending);
  return person_token;
}

async function threeParties({ get, post, approved }: Steps, person: string) {
  const wanted = asks("the resource asks for an auth token", "6.7", "authorization_required", TO_GET_A_TOKEN);
  const pair = pairOf(await get(wanted, "/data", person), person);
  const pending = await post("the agent asks for an auth token, and the person is asked", "7.2", TOKEN, pair);
  const { auth_token } = await approved("the agent polls, and gets the auth token", pending);
  await get(reads("the resource accepts the auth token", PS, "data.read", person), "/data", auth_token);
  return { pair, token: auth_token };
}

async function stepUp({ get, post, approved }: Steps, token: string): Promise<void> {
  const wanted = asks("the resource asks for another scope", "6.5", "insufficient_scope", TO_GET_A_TOKEN);
  const pair = pairOf(await get(wanted, "/data/new", token), token);
  const pending = await post("the agent asks for the scope, and the person is asked", "7.2", TOKEN, pair);
  const { auth_token } = await approved("the agent polls, and gets the scope", pending);
  await get(reads("the resource accepts the scope", PS, "data.write", token), "/data/new", auth_token);
}

async function fourParties({ get, post, approved }: Steps, person: string): Promise<void> {
  const wanted = (title: string) => asks(title, "6.7", "authorization_required", TO_GET_A_TOKEN);
  const own = await get(wanted("the resource asks for a token of its access server"), "/archive", person);
  const { body } = await post(
    "the agent asks for the access server's token",
    "9",
    TOKEN,
    pairOf(own, person),
  );
  const served = reads("the resource accepts its access server's token", AS, "data.read", person);
  await get(served, "/archive", body.auth_token);
  const denied = await get(wanted("the resource asks for a scope that is denied"), "/vault", person);
  const pair = pairOf(denied, person);
  const pending = await post("the agent asks for that scope, and the person is asked", "9", TOKEN, pair);
  await approved("the agent polls, and is refused", pending);
}

async function refusals({ post }: Steps, pair: ReturnType<typeof pairOf>): Promise<void> {
  const again = { resource: RESOURCE, justification: "again" };
  const { body } = await post(
    "the agent asks for another person token, and gets it at once",
    "7.1",
    PERSON,
    again,
  );
  const other = { ...pair, presented_token: body.person_token };
  await post("refuses another presented token than the resource token names", "6.7.2", TOKEN, other);
  const { presented_token: _, ...alone } = pair;
  await post("refuses a resource token without the presented token", "7.2.1", TOKEN, alone);
}

async function record(): Promise<readonly Case[]> {
  const recorder = new Recorder();
  const steps = await createAgentSteps(recorder);
  const person = await identity(steps);
  const { pair, token } = await threeParties(steps, person);
  await stepUp(steps, token);
  await fourParties(steps, person);
  await refusals(steps, pair);
  await steps.revoke(person);
  const fields = { ...because("revoked_jwt").fields, ...TO_GET_A_PERSON };
  const revoked = asks(
    "the resource refuses the revoked person token",
    "11.12.5",
    "token_revoked",
    fields,
    "token",
  );
  await steps.get(revoked, "/data", person);
  return recorder.cases;
}

const flow = new AsyncLocalStorage<{ count: number }>();

/** Replaces random names and codes by fixed ones, so that the flow is the same in each run. */
async function withSameRandomBytes<Result>(run: () => Promise<Result>): Promise<Result> {
  const { randomBytes } = platformCrypto;
  const same: typeof randomBytes = (lengthBytes) => {
    const own = flow.getStore();
    if (own === undefined) return randomBytes(lengthBytes);
    const hash = createHash("sha256").update(`aauth vectors, ${own.count++}`);
    return new Uint8Array(hash.digest().subarray(0, lengthBytes));
  };
  Object.assign(platformCrypto, { randomBytes: same });
  try {
    return await flow.run({ count: 0 }, run);
  } finally {
    Object.assign(platformCrypto, { randomBytes });
  }
}

export const draft11Flow = async (): Promise<Readonly<Record<string, VectorFile>>> => ({
  "draft-11/flow.json": {
    about: ABOUT,
    operation: "verify-request",
    cases: await withSameRandomBytes(record),
  },
});
