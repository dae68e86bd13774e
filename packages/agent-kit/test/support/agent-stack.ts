/**
 * An agent of the demo in its real composition, for the tests of each: over discovery in memory,
 * and with a fixed clock.
 */
import { february2026 } from "aauth/february-2026";
import { type SignedRequestOptions, signedRequest } from "aauth/testing";
import type { AgentServiceDeps } from "agent-kit";
import { createLogger } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import type { TestParties } from "../../../aauth/test/february-2026/parties.ts";

export interface AgentStack extends TestParties {
  readonly app: FastifyInstance;
  /** Everything logged so far, at the lowest level. */
  readonly log: () => string;
  /** A signed `message/send`; `change` edits the request between signing and sending. */
  call(options: Partial<CallOptions>): ReturnType<typeof inject>;
}

type Received = Awaited<ReturnType<typeof signedRequest>>;
type CallOptions = Omit<SignedRequestOptions, "body"> & {
  text: string;
  change: (request: Received) => Partial<Received>;
};

/** @param id identity of the agent that `build` makes */
export async function startAgentStack(
  id: string,
  parties: TestParties,
  build: (deps: AgentServiceDeps) => Promise<{ app: FastifyInstance }>,
): Promise<AgentStack> {
  const lines: string[] = [];
  const logger = createLogger({
    service: "test",
    level: "trace",
    destination: { write: (line) => lines.push(line) },
  });
  const { app } = await build({ logger, discovery: parties.discovery, now: parties.clock.now });
  return {
    ...parties,
    app,
    log: () => lines.join(""),
    async call({ text = "optimize laptop supply chain", change, ...options }) {
      const request = await signedRequest({
        profile: february2026,
        url: `${id}/`,
        key: parties.agent.key,
        signatureKey: { scheme: "jwks", id: parties.agent.id },
        now: parties.clock.now,
        ...options,
        body: messageSend(text),
      });
      return inject(app, { ...request, ...change?.(request) });
    },
  };
}

export function inject(
  app: FastifyInstance,
  request: Pick<Received, "method" | "target" | "headers" | "body">,
) {
  return app.inject({
    method: request.method as "POST",
    url: request.target,
    headers: request.headers,
    ...(request.body && { payload: Buffer.from(request.body) }),
  });
}

/** In the form of the demo's Python client. */
export function messageSend(text: string): string {
  return JSON.stringify({
    id: "1",
    jsonrpc: "2.0",
    method: "message/send",
    params: {
      configuration: { acceptedOutputModes: [], blocking: true },
      message: { kind: "message", messageId: "m", parts: [{ kind: "text", text }], role: "user" },
    },
  });
}
