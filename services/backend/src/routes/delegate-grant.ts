import { canonicalAuthority, type Discovery, draft11, type Stores } from "aauth";
import { createVerifier } from "aauth/resource";
import { signingToken } from "agent-kit/draft-11";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { traceMessages, verificationTrace } from "protocol-trace";
import { z } from "zod";
import type { SubAgents } from "../delegates/sub-agents.ts";
import { answerRefusals } from "../delegates/token-refusal.ts";
import { misfit } from "./delegate-token.ts";

/** Path below the agent provider's identifier. */
export const DELEGATE_GRANT_PATH = "/delegate/grant";

const token = z.string().min(1).max(16_384);
const requestSchema = z.strictObject({
  resource: z.string().max(300),
  /** Both or neither: with them the request is for an auth token, otherwise for a person token. */
  resource_token: token.optional(),
  presented_token: token.optional(),
});

/**
 * `POST /delegate/grant`: a sub-agent's token request to its parent, which asks the person server
 * on its behalf (draft -11, section 10.2). The request is signed with an agent token of this
 * provider, and the response is the grant from {@link SubAgents.tokenFor}. Register it in its own
 * scope.
 */
export async function delegateGrantRoute(
  app: FastifyInstance,
  options: {
    /** Own identifier. */
    agent: string;
    subAgents: Pick<SubAgents, "tokenFor">;
    discovery: Discovery;
    stores: Pick<Stores, "claims">;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
  const { agent, subAgents, discovery, stores, now } = options;
  const authority = canonicalAuthority(agent);
  traceMessages(app);
  await app.register(fastifyAAuth, {
    authority,
    verifier: createVerifier({
      profile: draft11,
      authorities: [authority],
      // Only this provider's sub-agents are admitted.
      agentProviders: [agent],
      replayStore: stores.claims("replay delegate grants"), // hole V41
      discovery,
      now,
    }),
    observer: verificationTrace,
  });
  answerRefusals(app, app.log.child({ logger: "agent_tokens" }), "❌ token for a sub-agent refused");

  app.post(
    DELEGATE_GRANT_PATH,
    { config: { aauth: { level: "agent-token" } }, bodyLimit: 65_536 },
    async (request, reply) => {
      const parsed = requestSchema.safeParse(request.body);
      if (!parsed.success)
        throw misfit(parsed.error, "resource is required; resource_token and presented_token are optional");
      const { resource, resource_token: resourceToken, presented_token: presentedToken } = parsed.data;
      const subagentToken = signingToken(request.headers) ?? "";
      const asked = { subagentToken, resource, resourceToken, presentedToken };
      return reply.header("cache-control", "no-store").send(await subAgents.tokenFor(request.caller!, asked));
    },
  );
}
