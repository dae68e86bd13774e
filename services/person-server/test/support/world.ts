import {
  createAddressMap,
  createDiscovery,
  draft11,
  generateSigningKey,
  type ProvenCaller,
  type SigningKey,
  signRequest,
} from "aauth";
import { type AgentOptions, createAgent, type FetchContext } from "aauth/agent";
import Fastify, { type FastifyRequest } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { onTestFinished } from "vitest";
import { freePorts } from "../../../../scripts/demo/free-ports.ts";
import { type Browser, createBrowser, readForm } from "../../../auth-server/test/support/browser.ts";
import { signIn } from "../../../auth-server/test/support/sign-in.ts";
import type { PersonServerDependencies } from "../../src/app.ts";
import { DEMO_RESOURCES, startListening } from "./person-server.ts";
import { MCP_USER } from "./test-sign-in.ts";

export const PERSON_SERVER = "https://person-server.localhost";
export const ACCESS_SERVER = "https://access-server.localhost";
export const BACKEND = "https://backend.localhost";
export const SUPPLY_CHAIN = "https://supply-chain-agent.localhost";
export const MARKET_ANALYSIS = "https://market-analysis-agent.localhost";
/** A resource that the person server's operator does not know. */
export const STRANGE = "https://strange.localhost";
export const CALLBACK = `${BACKEND}/callback`;
export const AGENT = "aauth:Planner@backend.localhost";
export const SCOPE = "supply-chain:optimize";

const SCOPES: Readonly<Record<string, string>> = {
  [SUPPLY_CHAIN]: SCOPE,
  [MARKET_ANALYSIS]: "market-analysis:analyze",
  [STRANGE]: "strange:read",
};

export interface WorldOptions {
  readonly env?: Record<string, string>;
  /** Access server of each resource. Default: none, and person servers issue auth tokens. */
  readonly accessServer?: string;
  readonly level?: "person-token" | "auth-token";
  readonly logger?: NonNullable<PersonServerDependencies["logger"]>;
  /** Starts the person server. Default: in this process, with sign-in by name. */
  readonly startServer?: (env: Record<string, string>) => Promise<{ readonly url: string }>;
  /** Time that an agent waits for a person, milliseconds. Default 20000. */
  readonly waitingMs?: number;
  /** Picture at `/logo.png` of each party, and its address in the backend's document. */
  readonly logo?: Buffer;
  readonly logoUri?: string;
  /** Calls the market-analysis agent for each caller of the supply-chain agent. Default: no. */
  readonly chains?: boolean;
}

/**
 * Person server and access server, two resources of which the first calls the second, and an agent,
 * all on sockets.
 */
export async function createWorld(options: WorldOptions = {}) {
  const {
    env,
    accessServer,
    level = "auth-token",
    chains = false,
    waitingMs = 20_000,
    logo,
    logoUri,
  } = options;
  const { logger } = options;
  const { startServer = (variables) => startListening({ env: variables, ...(logger && { logger }) }) } =
    options;
  const identifiers = [BACKEND, SUPPLY_CHAIN, MARKET_ANALYSIS, STRANGE];
  const ports = await freePorts(identifiers.length);
  const entries = identifiers.map((id, index) => [id, `http://127.0.0.1:${ports[index]}`] as const);
  const server = await startServer({
    ...DEMO_RESOURCES,
    AAUTH_ENDPOINTS: entries.map(([id, address]) => `${id}=${address}`).join(" "),
    PERSON_SERVER_CONSENT_SCOPES: SCOPE,
    ...(accessServer && { ACCESS_SERVER_RESOURCES: `${SUPPLY_CHAIN} ${MARKET_ANALYSIS}` }),
    ...env,
  });
  const own = { connect: server.url.replace("localhost", "127.0.0.1"), browser: server.url };
  const map = createAddressMap({
    ...Object.fromEntries(entries),
    [PERSON_SERVER]: own,
    [ACCESS_SERVER]: own,
  });
  const newDiscovery = () => createDiscovery({ development: true, transport: map.documents });
  const keys = Object.fromEntries(
    await Promise.all(
      identifiers.map(async (id) => [id, await generateSigningKey({ kid: new URL(id).host })] as const),
    ),
  ) as Readonly<Record<string, SigningKey>>;

  const agentOf = (id: string, key: SigningKey, over: Partial<AgentOptions> = {}) =>
    createAgent({
      id,
      key,
      profile: draft11,
      discovery: newDiscovery(),
      transport: map.requests,
      personServer: PERSON_SERVER,
      timeouts: { waitingMs },
      ...over,
    });
  const served: string[] = [];
  /** Requested logos. */
  const fetched: string[] = [];
  /** The token of the last call that each resource has served. */
  const shown = new Map<string, string>();
  /** Callers of `/caller`, with their tokens. */
  const callers: { readonly caller: ProvenCaller; readonly token: string }[] = [];
  for (const [index, id] of identifiers.entries()) {
    const app = Fastify();
    const scope = SCOPES[id];
    const middle = agentOf(`aauth:Service@${new URL(id).host}`, keys[id] as SigningKey);
    app.get("/logo.png", async (_request, reply) => {
      fetched.push(`${id}/logo.png`);
      return reply.type("image/png").send(logo);
    });
    await app.register(async (inside) => {
      await inside.register(fastifyAAuth, {
        resource: id,
        profile: draft11,
        key: keys[id] as SigningKey,
        discovery: newDiscovery(),
        ...(id !== BACKEND && { personServers: [PERSON_SERVER], accessServer }),
        ...(scope !== undefined && { scopeDescriptions: { [scope]: `Words of the resource for ${scope}` } }),
        about: { name: `Name of ${new URL(id).host}` },
        agent: {
          callback_endpoint: `${id}/callback`,
          ...(id === BACKEND && { name: "A provider", ...(logoUri && { logo_uri: logoUri }) }),
        },
      });

      if (scope === undefined) return;
      const requirement = level === "auth-token" ? { level, scopes: [scope] } : { level };
      inside.get("/data", { config: { aauth: requirement } }, async (request) => {
        served.push(id);
        shown.set(id, tokenIn(request));
        if (!chains || id !== SUPPLY_CHAIN) return { from: id, person: request.caller?.person };
        const upstreamToken = tokenIn(request);
        const answer = await middle.fetchFor({ upstreamToken })(`${MARKET_ANALYSIS}/data`);
        return { from: id, below: await answer.json() };
      });
      inside.get("/caller", { config: { aauth: { level: "person-token" } } }, async (request) => {
        callers.push({ caller: request.caller as ProvenCaller, token: tokenIn(request) });
        return {};
      });
    });
    onTestFinished(() => app.close());
    await app.listen({ host: "127.0.0.1", port: ports[index] as number });
  }

  return {
    ...server,
    map,
    keys,
    served,
    fetched,
    shown,
    callers,
    agent: (id = AGENT, over: Partial<AgentOptions> = {}) => agentOf(id, keys[BACKEND] as SigningKey, over),
    /** Address of a page of the person server. */
    page: (path: string) => `${server.url}${path}`,
  };
}

const tokenIn = ({ headers }: FastifyRequest): string =>
  /jwt="([^"]+)"/.exec(String(headers["signature-key"]))?.[1] ?? "";

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A browser whose user has signed in. */
export async function browserOf(world: World, user: { username: string; password: string } = MCP_USER) {
  const browser = createBrowser();
  await signIn(browser, world.page("/granted"), user);
  return browser;
}

/**
 * Opens the page that an agent sends its user to, at the browser's own address, and follows
 * redirects until a page is shown.
 */
export async function openInteraction(world: World, browser: Browser, page: string) {
  const url = world.map.browserUrl(page);
  const { response, url: shownAt } = await browser.follow(url, await browser.get(url));
  return { status: response.status, text: await response.text(), url: shownAt };
}

/** A page, by its own address. */
export async function shownAt(browser: Browser, url: string) {
  const { response, url: at } = await browser.follow(url, await browser.get(url));
  return { status: response.status, text: await response.text(), url: at };
}

/** A new signed request with a token, by the backend's key or another one. */
export async function sendWith(
  world: World,
  url: string,
  jwt: string,
  { method = "GET", key = world.keys[BACKEND] as SigningKey, body = undefined as unknown } = {},
): Promise<Response> {
  const bytes = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
  const headers = bytes === undefined ? {} : { "content-type": "application/json" };
  const message = { method, url, headers, ...(bytes && { body: bytes }) };
  const signed = await signRequest(message, {
    profile: draft11,
    key,
    signatureKey: { scheme: "jwt", jwt },
  });
  return world.map.requests(url, {
    method,
    headers: { ...headers, ...signed.headers },
    ...(bytes && { body: bytes }),
  } as never);
}

/** Presses a button of a loaded page. */
export async function press(
  browser: Browser,
  shown: { text: string; url: string },
  button: string,
  more: Record<string, string> = {},
): Promise<Response> {
  // The first of several forms that has this button.
  const form = shown.text.split(/(?=<form)/).find((part) => part.includes(` name="${button}"`)) ?? "";
  const { action, fields } = readForm(form);
  return browser.post(new URL(action, shown.url).href, { ...fields, ...more, [button]: "yes" });
}

/**
 * A user who opens every page of the agent and presses the same button. `more`: fields that they
 * fill in.
 */
export function pressing(
  world: World,
  browser: Browser,
  button = "accept",
  more: Record<string, string> = {},
) {
  const pages: string[] = [];
  const answers: Response[] = [];
  const context: FetchContext = {
    async onInteraction({ page }) {
      const shown = await openInteraction(world, browser, page);
      pages.push(shown.text);
      answers.push(await press(browser, shown, button, more));
    },
  };
  return { context, pages, answers };
}
