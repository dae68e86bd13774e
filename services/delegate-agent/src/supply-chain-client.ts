import { type Part, Role } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import { createAgentCard } from "agent-kit/a2a";
import { readBounded } from "agent-kit/service";

const MAX_ANSWER_BYTES = 1_048_576;

/** The agent, or the gateway before it, refused with an HTTP status. */
export class CallRefusedError extends Error {
  override readonly name = "CallRefusedError";
  readonly code: string;
  readonly status: number;
  /** Value of `Agent-Auth`, if the refusal was a challenge. */
  readonly challenge: string | null;

  constructor(status: number, challenge: string | null) {
    super(`the supply-chain agent answered with status ${status}`);
    this.code = `http_${status}`;
    this.status = status;
    this.challenge = challenge;
  }
}

/**
 * Sends one text to the supply-chain agent by A2A and gives the text that comes back. Its card is not fetched: the address is
 * configured, and the form is that of the demo (0.3).
 *
 * @param signedFetch meets challenges by itself
 * @throws CallRefusedError; AnswerTooLargeError beyond 1 MiB; what `signedFetch` throws
 */
export async function askSupplyChainAgent(
  url: string,
  text: string,
  signedFetch: typeof fetch,
): Promise<string> {
  const card = createAgentCard({
    name: "supply-chain-agent",
    description: "",
    version: "1.0.0",
    url: `${url}/`,
    skills: [],
  });
  const fetchImpl: typeof fetch = async (input, init) => {
    const response = await signedFetch(input, init);
    const { ok, status, headers, body } = response;
    if (ok) return new Response(await readBounded(response, MAX_ANSWER_BYTES), { status, headers });
    await body?.cancel();
    throw new CallRefusedError(status, headers.get("agent-auth"));
  };
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } })],
  });
  const client = await factory.createFromAgentCard({
    ...card,
    supportedInterfaces: card.supportedInterfaces.slice(0, 1),
  });
  const message = {
    messageId: crypto.randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_USER,
    parts: [
      { content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "" },
    ],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
  const answer = await client.sendMessage({
    tenant: "",
    message,
    configuration: undefined,
    metadata: undefined,
  });
  const parts = "parts" in answer ? (answer.parts as Part[]) : [];
  return parts.flatMap(({ content }) => (content?.$case === "text" ? [content.value] : [])).join("\n");
}
