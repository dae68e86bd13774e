import diagnostics from "node:diagnostics_channel";
import type { FastifyInstance, RouteOptions } from "fastify";
import { createLogger, loadConfig, type Settings } from "service-kit";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { askedAccess, userTokenOf } from "./asked-access.ts";
import { table } from "./table.ts";

interface Builder {
  readonly service: string;
  /** Builds the service as its main.ts does. */
  readonly build: string;
  readonly intro: string;
}

const SERVICES: readonly Builder[] = [
  {
    service: "backend",
    build: "buildBackend",
    intro:
      "`user`: an OIDC access token of the realm; runs and their traces belong to the user who started them.\nBodies and statuses: [REST](rest.md). With `AAUTH_BREAK_IT=true`, as the demo has it, there are two routes more.",
  },
  {
    service: "supply-chain-agent",
    build: "buildSupplyChainAgent",
    intro:
      "Behind the gateway, `http://supply-chain-agent.localhost:3000`.\nBodies of `/orders` and `/catalogue`: [REST](rest.md#orders-at-the-supply-chain-agent).",
  },
  {
    service: "market-analysis-agent",
    build: "buildMarketAnalysisAgent",
    intro: "Behind the gateway, `http://market-analysis-agent.localhost:3000`.",
  },
  {
    service: "auth-server",
    build: "buildAuthServer",
    intro:
      "Keycloak's paths. What is verified at the AAuth endpoints is said in [the profile](profile.md), sections 4 to 6.",
  },
  {
    service: "delegate-agent",
    build: "buildDelegateAgent",
    intro: "For the backend, whose delegate it is, and for nobody else.",
  },
  { service: "gateway-authz", build: "buildGatewayAuthz", intro: "Asked by the gateway only." },
  {
    service: "trace-store",
    build: "buildTraceStore",
    intro: "Jaeger's query API on 16686, OTLP/HTTP on 4318.",
  },
];

/** What a route lets in, said in the words of `fastify-aauth` and of the backend. */
interface RouteAccess {
  readonly aauth?: unknown;
  readonly access?: unknown;
}

const MOST_METHODS_NAMED = 4;

/** `docs/reference/endpoints.md`, out of the routes that the built services really have. */
export async function endpointsPage(): Promise<string> {
  const sections: string[] = [];
  for (const { service, build, intro } of SERVICES) {
    const rows = (await routesOf(service, build)).map(({ methods, url, access }) => [
      methods.length > MOST_METHODS_NAMED ? "any" : methods.join(" "),
      `\`${url}\``,
      access,
    ]);
    sections.push(`## ${service}\n\n${intro}\n\n${table(["Method", "Path", "Requires"], rows)}`);
  }
  return `# Endpoints

Every route of the services as they start by default, with what a caller must bring. At the agents, \`signature\` is any valid signature,
\`identity\` one of a named agent, \`authorization\` an auth token with the scope; modes change it (README). The gateway has no routes of
its own: it forwards by host. Where a route declares no level, the last column was found by asking it without any credentials.

${sections.join("\n")}`;
}

interface FoundRoute {
  readonly methods: readonly string[];
  readonly url: string;
  readonly access: string;
}

async function routesOf(service: string, build: string): Promise<FoundRoute[]> {
  const found = new Map<string, Omit<FoundRoute, "access"> & { readonly declared: unknown }>();
  const onRoute = (route: RouteOptions) => {
    const methods = [route.method].flat().filter((method) => method !== "HEAD" && method !== "OPTIONS");
    if (methods.length === 0) return;
    if (route.url.startsWith("/assets/") || route.url.startsWith("/favicon")) return;
    const { aauth, access } = (route.config ?? {}) as RouteAccess;
    found.set(`${route.url} ${methods}`, { methods, url: route.url, declared: aauth ?? access });
  };
  const watch = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook("onRoute", onRoute);
  };
  diagnostics.subscribe("fastify.initialization", watch);
  try {
    const source = `${REPOSITORY_ROOT}services/${service}/src`;
    const { settings } = (await import(`${source}/config.ts`)) as { settings: Settings };
    const module = (await import(`${source}/app.ts`)) as Record<
      string,
      (config: unknown, deps: unknown) => Promise<{ app: FastifyInstance }>
    >;
    const config = loadConfig({ service, settings, env: {}, argv: [] });
    const logger = createLogger({ service, level: "silent", format: "text" });
    const { app } = await module[build]!(config, { logger });
    await app.ready();
    try {
      const routes = [...found.values()].map(async ({ methods, url, declared }) => ({
        methods,
        url,
        access:
          declared === undefined
            ? await askedAccess(app, methods[0]!, url, () => userTokenOf(app))
            : describe(declared),
      }));
      return (await Promise.all(routes)).sort((a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0));
    } finally {
      await app.close();
    }
  } finally {
    diagnostics.unsubscribe("fastify.initialization", watch);
  }
}

function describe(access: unknown): string {
  if (access === "public") return "nothing";
  if (typeof access === "string") return access;
  const { level, scopes } = access as { level?: string; scopes?: readonly string[] };
  return [
    LEVEL_WORDS[level ?? ""] ?? level ?? JSON.stringify(access),
    ...(scopes ?? []).map((scope) => `\`${scope}\``),
  ].join(" ");
}

const LEVEL_WORDS: Readonly<Record<string, string>> = {
  pseudonymous: "signature",
  identified: "identity",
  authorized: "authorization",
};

/** For the check that no service was forgotten. */
export function documentedServices(): readonly string[] {
  return SERVICES.map(({ service }) => service);
}
