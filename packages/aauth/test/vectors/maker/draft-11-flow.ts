/** One whole flow of draft -11, recorded between the library's agent, resource, person server and access server. */

import { createHash } from "node:crypto";
import { platformCrypto } from "#crypto";
import { AAuthVerificationError } from "../../../src/errors.ts";
import { draft11 } from "../../../src/profiles/draft-11/index.ts";
import { createRevocations } from "../../../src/profiles/revocations.ts";
import type { Answer } from "../../../src/profiles/wire-profile.ts";
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
} from "../../issuer/draft-11/world.ts";
import { because, NOW, theAgent } from "./draft-11-parties.ts";
import { type Case, signatureBase, type VectorFile } from "./messages.ts";

const ABOUT =
  "Requests of one flow in the order in which they were sent, each judged as in requests.json; `response` is what the party answered. A person is asked for consent, and agrees at a page. The verdict is that of the message alone: a party may refuse an authentic request for what it asks for.";

type Members = Readonly<Record<string, unknown>>;
interface Sent {
  readonly method: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}
/** What the flow says of a request: its title, and the verdict on it. */
interface Step {
  readonly title: string;
  readonly section: string;
  readonly caller?: Members;
  readonly error?: Members & { readonly code: string };
}

const ROUTES: Readonly<
  Record<string, { readonly requirement: Requirement; readonly accessServer?: string }>
> = {
  "/identity": { requirement: { level: "agent-token" } },
  "/data": { requirement: { level: "auth-token", scopes: ["data.read"] } },
  "/data/new": { requirement: { level: "auth-token", scopes: ["data.write"] } },
  "/archive": { requirement: { level: "auth-token", scopes: ["data.read"] }, accessServer: AS },
  "/vault": { requirement: { level: "auth-token", scopes: ["data.admin"] }, accessServer: AS },
};
const SERVER_LEVEL = { level: "server" };

/** How the party at an address judges what comes there. */
function judgeOf({ host, pathname }: URL) {
  if (pathname.includes("revoke"))
    return { verifier: { endpoint: "revocation", authority: host }, requirement: SERVER_LEVEL };
  if (host === new URL(RESOURCE).host) {
    const { requirement, accessServer } = ROUTES[pathname]!;
    const verifier = {
      ...{
        endpoint: "resource",
        authority: host,
        audience: RESOURCE,
        trustedIssuers: accessServer === undefined ? [PS, AS] : [PS],
      },
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

  /** Records a request, and its answer once it is there. */
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
  const verifier = createVerifier({ ...common, endpoint: "revocation", trustedAgents: [PS, AS] });
  const revocation = createRevocationEndpoint({ verifier, revocations, path: "/revoke", now });
  return async (url: URL, { method, fields: headers, body }: Omit<Sent, "url">): Promise<Answer> => {
    const request = { method, target: `${url.pathname}${url.search}`, headers, body };
    if (url.pathname === revocation.path) return revocation.handle(request);
    const { requirement, accessServer } = ROUTES[url.pathname]!;
    const { isRevoked } = revocations;
    try {
      const trustedIssuers = accessServer === undefined ? [PS, AS] : [PS];
      await createVerifier({ ...common, trustedIssuers, accessServer, isRevoked }).verifyRequest(
        request,
        requirement,
      );
      return { status: 200, headers: { "content-type": "application/json" }, body: '{"served":true}' };
    } catch (error) {
      if (!(error instanceof AAuthVerificationError)) throw error;
      const options = {
        profile: draft11,
        key: worldKeys.resource,
        resource: RESOURCE,
        authServer: accessServer,
        now,
      };
      return createChallenger(options).challengeFor(error, { requirement });
    }
  };
}

/** What servers say to each other. */
const SERVER_STEPS: Readonly<Record<string, Step>> = {
  "/aauth/access/token": { title: "asks the access server for an auth token", section: "9.1" },
  "/revoke": { title: "revokes a token at the resource", section: "11.12.4" },
  "/aauth/access/revoke": {
    title: "revokes the person token at the access server",
    section: "11.12.4",
  },
};

async function record(): Promise<readonly Case[]> {
  const recorder = new Recorder();
  const now = () => recorder.now;
  const overWorld: { transport?: World["transport"] } = {};
  /** Records what a server sends to another. */
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
    now,
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

  const agent = await world.agent();
  const withToken = (jwt: string): Caller => ({ key: agent.key, credential: { scheme: "jwt", jwt } });
  async function send(step: Step, caller: Caller, method: string, url: string, body?: object) {
    const endpoint = judgeOf(new URL(url)).verifier.endpoint as "resource" | "token" | "pending";
    const request = await world.request(caller, method, url, body, { endpoint });
    const sent = { method, url, fields: request.headers, body: request.body };
    return recorder.record(step, sent, async () => {
      const { host } = new URL(url);
      if (host === new URL(RESOURCE).host) return resource(new URL(url), sent);
      return (await world.ps.handle(request))!;
    });
  }
  const get = (step: Step, path: string, caller = agent) => send(step, caller, "GET", `${RESOURCE}${path}`);
  const post = (step: Step, path: string, body: object) =>
    send(step, agent, "POST", `${PS}${path}`, { ...body, capabilities: CAPABILITIES });
  const poll = (title: string, { headers }: { readonly headers: Answer["headers"] }, caller = agent) => {
    recorder.now += 1;
    return send({ title, section: "11.8" }, caller, "GET", headers.location!);
  };
  const refusal = (code: string, check: string, fields: Members, status = 401) => ({
    ...{ code, check, status, fields, fetches: true },
  });
  const needsToken = (code: string) =>
    refusal(code, "requirement", { "aauth-requirement": "requirement=auth-token; resource-token" });
  const resourceTokenIn = ({ headers }: { readonly headers: Answer["headers"] }) =>
    /resource-token="([^"]+)"/.exec(headers["aauth-requirement"] ?? "")?.[1] ?? "";

  // Identity, and the person.
  await get({ title: "the resource knows the agent", section: "6.1" }, "/identity");
  const lacksPerson = refusal("person_required", "requirement", {
    "aauth-requirement": "requirement=person-token",
  });
  await get({ title: "the resource asks for a person token", section: "6.7", error: lacksPerson }, "/data");
  const person = {
    title: "the agent asks for a person token, and the person is asked",
    section: "7.1",
  };
  let pending = await post(person, "/aauth/person", { resource: RESOURCE });
  await poll("the agent polls before the person has answered", pending);
  await world.approve(pending as never);
  const { person_token: personToken } = (await poll("the agent polls, and gets the person token", pending))
    .body;
  await poll("the agent polls again after the end", pending);
  const asPerson = withToken(personToken);

  // Three parties.
  const asksFor = (code: string, title: string): Step => ({
    title,
    section: "6.7",
    error: needsToken(code),
  });
  const challenge = await get(
    asksFor("authorization_required", "the resource asks for an auth token"),
    "/data",
    asPerson,
  );
  const pair = { resource_token: resourceTokenIn(challenge), presented_token: personToken };
  const TOKEN = "/aauth/token";
  const asks = (title: string, section = "7.2"): Step => ({ title, section });
  pending = await post(asks("the agent asks for an auth token, and the person is asked"), TOKEN, pair);
  await world.approve(pending as never);
  const { auth_token: authToken } = (await poll("the agent polls, and gets the auth token", pending)).body;
  const { sub } = claimsOf(personToken);
  const reader = (iss: string, scope: string) => ({
    level: "auth-token",
    person: { iss, sub },
    scopes: [scope],
  });
  const served = (title: string, caller: Members): Step => ({ title, section: "6.5", caller });
  const asReader = withToken(authToken);
  await get(served("the resource accepts the auth token", reader(PS, "data.read")), "/data", asReader);

  // Step-up.
  const stepUp = await get(
    asksFor("insufficient_scope", "the resource asks for another scope"),
    "/data/new",
    asReader,
  );
  const next = { resource_token: resourceTokenIn(stepUp), presented_token: authToken };
  pending = await post(asks("the agent asks for the scope, and the person is asked"), TOKEN, next);
  await world.approve(pending as never);
  const { auth_token: writing } = (
    await poll("the agent polls, and gets the auth token with the scope", pending)
  ).body;
  await get(
    served("the resource accepts the scope", reader(PS, "data.write")),
    "/data/new",
    withToken(writing),
  );

  // Four parties.
  const federated = await get(
    asksFor("authorization_required", "the resource asks for an auth token of its access server"),
    "/archive",
    asPerson,
  );
  const { body: granted } = await post(
    asks("the agent asks for the access server's auth token", "9"),
    TOKEN,
    {
      ...{ resource_token: resourceTokenIn(federated), presented_token: personToken },
    },
  );
  await get(
    served("the resource accepts its access server's auth token", reader(AS, "data.read")),
    "/archive",
    withToken(granted.auth_token),
  );
  const forbidden = await get(
    asksFor("authorization_required", "the resource asks for a scope that its access server denies"),
    "/vault",
    asPerson,
  );
  pending = await post(
    asks("the agent asks for the scope that is denied, and the person is asked", "9"),
    TOKEN,
    {
      ...{ resource_token: resourceTokenIn(forbidden), presented_token: personToken },
    },
  );
  await world.approve(pending as never);
  await poll("the agent polls, and is refused", pending);

  // Requests that are authentic, and refused.
  const again = await post(
    asks("the agent asks for another person token, and gets it at once", "7.1"),
    "/aauth/person",
    {
      ...{ resource: RESOURCE, justification: "again" },
    },
  );
  const otherPair = { ...pair, presented_token: again.body.person_token };
  await post(
    asks("refuses another presented token than the resource token names", "6.7.2"),
    TOKEN,
    otherPair,
  );
  const { presented_token: _, ...alone } = pair;
  await post(asks("refuses a resource token without the presented token", "7.2.1"), TOKEN, alone);

  // Revocation.
  const { iss, jti } = claimsOf(personToken);
  await world.ps.revoke(ALICE, { iss, jti });
  recorder.revoked.push(jti);
  const revoked = refusal("token_revoked", "token", {
    ...because("revoked_jwt").fields,
    "aauth-requirement": "requirement=person-token",
  });
  await get(
    { title: "the resource refuses the revoked person token", section: "11.12.5", error: revoked },
    "/data",
    asPerson,
  );
  return recorder.cases;
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

/** Names and codes are random: here they are the same in each run. */
async function withSameRandomBytes<Result>(run: () => Promise<Result>): Promise<Result> {
  const { randomBytes } = platformCrypto;
  let count = 0;
  const same: typeof randomBytes = (lengthBytes) =>
    new Uint8Array(
      createHash("sha256").update(`aauth vectors, ${count++}`).digest().subarray(0, lengthBytes),
    );
  Object.assign(platformCrypto, { randomBytes: same });
  try {
    return await run();
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
