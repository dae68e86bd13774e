/**
 * One service of the plain stack: what the demo's service does, without the protocol. Takes its options as JSON, its only argument.
 *
 * @module
 */

import { type A2AOptions, createAgentCard, fastifyA2A } from "agent-kit/a2a";
import {
  createLogger,
  createService,
  installLocalhostLookup,
  type LogLevel,
  listenOn,
  runService,
} from "agent-kit/service";
import type { FastifyInstance } from "fastify";
// The bench stands outside of the services that these belong to, and takes them from the tree.
import { card as marketCard } from "../../services/market-analysis-agent/src/agent-card.ts";
import { marketAnalysisExecutor } from "../../services/market-analysis-agent/src/executor.ts";
import { card as supplyCard } from "../../services/supply-chain-agent/src/agent-card.ts";
import { createAskMarketAnalysis } from "../../services/supply-chain-agent/src/clients/ask-market-analysis.ts";
import { optimizationExecutor } from "../../services/supply-chain-agent/src/executor.ts";
import { createPlainAgent } from "./plain-agent.ts";
import {
  hasToken,
  type PlainServiceName,
  type PlainServiceOptions,
  plainMessages,
  plainTokenUrl,
} from "./plain-stack.ts";

const TIMEOUT_MS = 30_000;

const { name, port, urls, logLevel, keepsTokens } = JSON.parse(process.argv[2]!) as PlainServiceOptions;
const logger = createLogger({ service: name, level: logLevel as LogLevel });
const messages = await plainMessages(urls);

const build: Record<PlainServiceName, (app: FastifyInstance) => Promise<void>> = {
  "auth-server": async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    app.post(new URL(plainTokenUrl(urls)).pathname, async (_request, reply) =>
      reply.type("application/json").send(messages.tokenAnswer),
    );
  },

  "gateway-authz": async (app) => {
    app.route({
      method: "POST",
      url: "/check",
      // Before Fastify looks at the content type, as the real one.
      onRequest: async ({ headers }, reply) => {
        const claims = hasToken(headers) ? messages.claims.jwt : messages.claims.jwks;
        return reply.code(200).header("x-aauth-claims", claims).send();
      },
      handler: async () => undefined,
    });
  },

  "market-analysis-agent": (app) => {
    const now = () => Math.floor(Date.now() / 1000);
    const card = createAgentCard({ ...marketCard, url: `${urls.marketAnalysisAgent}/` });
    return mountAgent(app, { card, executor: marketAnalysisExecutor({ log: logger, now }) });
  },

  "supply-chain-agent": (app) => {
    const agent = createPlainAgent({ messages, tokenUrl: plainTokenUrl(urls), keepsTokens });
    const askMarketAnalysis = createAskMarketAnalysis({
      url: urls.marketAnalysisAgent,
      agent,
      timeoutMs: TIMEOUT_MS,
      onBehalfOfCaller: false,
      log: logger,
    });
    const card = createAgentCard({ ...supplyCard, url: `${urls.supplyChainAgent}/` });
    return mountAgent(app, { card, executor: optimizationExecutor({ log: logger, askMarketAnalysis }) });
  },
};

/** An agent that answers 401 to whoever brings no token, and believes whoever does. */
async function mountAgent(app: FastifyInstance, options: A2AOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook("preHandler", async ({ method, headers }, reply) => {
      if (method !== "POST" || hasToken(headers)) return;
      return reply.code(401).headers(messages.challenge).send("Authorization required");
    });
    await scope.register(fastifyA2A, options);
  });
}

await runService({
  name,
  start: async () => {
    installLocalhostLookup();
    const app = createService({ name, logger });
    await build[name](app);
    return listenOn(app, { host: "127.0.0.1", port });
  },
});
