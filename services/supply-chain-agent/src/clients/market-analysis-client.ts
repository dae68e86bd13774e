import { type Message, type Part, Role } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import type { Agent } from "aauth/agent";
import { parseRefusal, REFUSAL_FIELD } from "aauth/resource";
import { createAgentCard } from "agent-kit/a2a";
import { readBounded } from "agent-kit/service";
import { MarketAnalysisCallError } from "./market-analysis-call-error.ts";

const MAX_ANSWER_BYTES = 1_048_576;

export interface MarketAnalysisClient {
  /**
   * Sends one text and gives the text that comes back, with the data part beside it.
   *
   * @param upstreamToken auth token of the caller on whose behalf this is asked; without it the agent asks for itself
   * @throws AAuthError when a challenge cannot be met; MarketAnalysisCallError for an HTTP error or an unusable answer;
   *   AnswerTooLargeError beyond 1 MiB; what the transport throws
   */
  ask(text: string, upstreamToken?: string): Promise<{ text: string; figures?: unknown }>;
}

/**
 * A2A client of the market-analysis agent. Challenges are met inside the agent's fetch, so that this is one call.
 * The agent's card is not fetched: its address is configured, and the form is that of the demo (0.3).
 */
export function createMarketAnalysisClient(options: {
  url: string;
  agent: Pick<Agent, "fetchFor">;
  /** For one question with all its requests. */
  timeoutMs: number;
}): MarketAnalysisClient {
  const { url, agent, timeoutMs } = options;
  const full = createAgentCard({
    name: "market-analysis-agent",
    description: "",
    version: "1.0.0",
    url: `${url}/`,
    skills: [],
  });
  const card = { ...full, supportedInterfaces: full.supportedInterfaces.slice(0, 1) };

  return {
    async ask(text, upstreamToken) {
      const signal = AbortSignal.timeout(timeoutMs);
      const signedFetch = agent.fetchFor({ signal, ...(upstreamToken !== undefined && { upstreamToken }) });
      // The SDK would fold status and body into one sentence, and read a body of any length.
      const fetchImpl: typeof fetch = async (input, init) => {
        const response = await signedFetch(input, init);
        const { ok, status, headers, body } = response;
        if (ok) return new Response(await readBounded(response, MAX_ANSWER_BYTES), { status, headers });
        await body?.cancel();
        const refusal = parseRefusal(headers.get(REFUSAL_FIELD));
        const why = refusal === undefined ? "" : ` (${refusal.code})`;
        throw new MarketAnalysisCallError(`http_${status}`, `it answered with status ${status}${why}`);
      };
      const factory = new ClientFactory({
        transports: [new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } })],
      });
      const client = await factory.createFromAgentCard(card);
      const answer = await client.sendMessage(
        { tenant: "", message: userMessage(text), configuration: CONFIGURATION, metadata: undefined },
        { signal },
      );
      return read(answer);
    },
  };
}

const CONFIGURATION = {
  acceptedOutputModes: ["text/plain", "application/json"],
  taskPushNotificationConfig: undefined,
  returnImmediately: false,
};

function read(answer: object): { text: string; figures?: unknown } {
  // A task would be the answer of an agent that works on; this one is asked for a message.
  if (!("parts" in answer))
    throw new MarketAnalysisCallError("answer_not_a_message", "it did not answer with a message");
  const contents = (answer.parts as Part[]).map(({ content }) => content);
  const text = contents.flatMap((content) => (content?.$case === "text" ? [content.value] : [])).join("\n");
  const data = contents.find((content) => content?.$case === "data");
  return { text, ...(data !== undefined && { figures: data.value }) };
}

function userMessage(text: string): Message {
  return {
    messageId: crypto.randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_USER,
    parts: [{ content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" }],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}
