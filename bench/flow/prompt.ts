const BODY_BYTES = 1024;

/** What is asked in every flow: the words that make the supply-chain agent ask the market-analysis agent, in a body of 1 KB. */
export function promptBody(): string {
  const bodyOf = (text: string) =>
    JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "message/send",
      params: {
        message: { kind: "message", messageId: "bench-1", role: "user", parts: [{ kind: "text", text }] },
      },
    });
  const text = "Optimize the laptop supply chain and perform market analysis. ";
  return bodyOf(text + "x".repeat(BODY_BYTES - bodyOf(text).length));
}

/**
 * Asks the supply-chain agent once.
 *
 * @throws Error unless both agents have answered: the first reports a failed second hop in its text
 */
export async function askOnce(send: typeof fetch, url: string, body: string): Promise<void> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const response = await send(url, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status === 200 && text.includes("# Market Analysis Report")) return;
  throw new Error(`the flow failed with status ${response.status}: ${text.slice(0, 2000)}`);
}
