import type { AgentCard } from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { DefaultRequestHandler, InMemoryTaskStore, ServerCallContext } from "@a2a-js/sdk/server";

/**
 * A 1.0 card in its 0.3 form, as plain JSON. The SDK exports its translator behind an Express router only, so it is asked for the card as a
 * 0.3 client asks.
 *
 * @throws TypeError when the card has no 0.3 form
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
  // 0.3 cards carry the full version, 1.0 interfaces only major and minor.
  return { ...(answer.result as object), protocolVersion: "0.3.0" };
}
