import { february2026 } from "../../src/february-2026/profile.ts";
import { announcesBody } from "../../src/http-signatures/verify-body.ts";
import type { MessageFacts } from "../../src/profile/messages.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { ReceivedRequest } from "../../src/types.ts";
import { createTestDiscovery } from "../february-2026/parties.ts";

/** A request as it arrived, with its whole body. */
export interface Arrived extends ReceivedRequest {
  readonly authority: string;
  readonly body?: Uint8Array;
}

/** Time of every known answer, Unix seconds. */
export const NOW = 1_730_217_600;

const endpoint = { role: "resource", ...february2026.messages.endpoints.resource! } as const;

/** Facts that a verifier has about a message before its body arrives. */
export const factsOf = ({
  method = "GET",
  target,
  headers,
}: Partial<ReceivedRequest> & { target: string }): MessageFacts => ({
  method,
  target,
  headers: headers ?? {},
  hasBody: announcesBody(headers ?? {}),
  endpoint,
});

/**
 * Verifies with a verifier of the request's authority that knows no agent, because these tests sign
 * with scheme hwk.
 */
export async function prove({ body, ...request }: Arrived, options: { now?: number } = {}): Promise<void> {
  const verifier = createVerifier({
    profile: february2026,
    authorities: [request.authority],
    discovery: createTestDiscovery({}),
    now: () => options.now ?? NOW,
  });
  await verifier.verifyRequest({ ...request, body });
}
