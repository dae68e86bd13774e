import { AgentCard } from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { DefaultRequestHandler, InMemoryTaskStore, ServerCallContext } from "@a2a-js/sdk/server";

/** Paths of the public card. */
export const CARD_PATHS = ["/.well-known/agent-card.json", "/.well-known/agent.json"] as const;
/** Path of the card for verified callers. */
export const EXTENDED_CARD_PATH = "/agent/authenticatedExtendedCard";
/** Header fields of an answer with a card. */
export const CARD_FIELDS = { vary: "A2A-Version", "cache-control": "no-cache" } as const;

/**
 * The forms of a card as plain JSON, by the value of `A2A-Version`: 1.0 for `1.x`, otherwise 0.3.
 * An unknown version is not an error, because a gateway that rewrites cards responds with 503 to
 * anything but a card.
 *
 * @throws TypeError for a card without a 0.3 form
 */
export async function cardForms(card: AgentCard): Promise<(version: string | undefined) => unknown> {
  const legacy = await toLegacyAgentCard(card);
  const current = AgentCard.toJSON(card);
  return (version) => (version?.startsWith("1.") ? current : legacy);
}

/**
 * A 1.0 card in its 0.3 form, as plain JSON. The SDK exports its converter only behind an Express
 * router, which is therefore called like by a 0.3 client.
 *
 * @throws TypeError for a card without a 0.3 form
 */
export async function toLegacyAgentCard(card: AgentCard): Promise<object> {
  const served = { ...card, capabilities: { extensions: [], ...card.capabilities, extendedAgentCard: true } };
  const executor = { execute: async () => {}, cancelTask: async () => {} };
  const handler = new DefaultRequestHandler(
    served,
    new InMemoryTaskStore(),
    executor,
    undefined,
    undefined,
    undefined,
    async () => card,
  );
  const answer = await new LegacyJsonRpcTransportHandler(handler).handle(
    { jsonrpc: "2.0", id: 1, method: "agent/getAuthenticatedExtendedCard" },
    new ServerCallContext({ requestedVersion: "0.3" }),
  );
  if (!("result" in answer)) throw new TypeError("the agent card has no 0.3 form", { cause: answer });
  // 0.3 cards have the full version, 1.0 interfaces only major and minor.
  return { ...(answer.result as object), protocolVersion: "0.3.0" };
}
