import { AAuthError, type AAuthErrorCode } from "aauth";
import { february2026 } from "aauth/february-2026";
import { afterAll, beforeEach, expect } from "vitest";
import { readToken } from "../../support/foreign-agent.ts";
import { expectReason, type Reason, refusalIn } from "../../support/refusal-code.ts";
import { startAuthServer } from "./auth-server-under-test.ts";
import { Party, type Reply, type World } from "./party.ts";

export type { World };

/** Requires consent for the scope `supply-chain:optimize`, as the user-delegated demo does. */
export const ASK_FOR_OPTIMIZE = { "aauth.consent.required.scopes": '["supply-chain:optimize"]' };

/** Starts a world for one test file; the realm is as in its file before each test. */
export async function startWorld(): Promise<World> {
  const [server, agent, resource, nextResource] = await Promise.all([
    startAuthServer(),
    Party.start("backend"),
    Party.start("supply-chain-agent"),
    Party.start("market-analysis-agent"),
  ]);
  agent.agentMetadata = { name: "Supply chain backend", redirect_uris: [agent.callback] };
  resource.resourceMetadata = {
    scope_descriptions: { "supply-chain:optimize": "Run optimizations of your supply chain" },
  };
  beforeEach(() => server.setAttributes());
  afterAll(async () => {
    await server.setAttributes();
    await Promise.all([server.close(), agent.stop(), resource.stop(), nextResource.stop()]);
  });
  return {
    server,
    agent,
    resource,
    nextResource,
    wish: (more = {}) => ({
      request_type: "auth",
      resource_token: resource.resourceToken(server, agent),
      ...more,
    }),
  };
}

/** A reason that names the verifier's failed check, if one failed. */
type CheckedReason = string | (Exclude<Reason, string> & { readonly check?: string | undefined });

/** Section of the RFC, if one has the code, or of February's text. */
const sectionOf = (code: AAuthErrorCode) => new AAuthError(code, "").section ?? february2026.sectionOf(code);

/** Asserts a refusal by status, `error` and reason; the section must be the code's. */
export function expectRefusal(reply: Reply, status: number, error: string, reason: CheckedReason = ""): void {
  const { status: got, body } = reply;
  expect({ status: got, error: body.error }).toEqual({ status, error });
  expectReason(reply, reason);
  if (typeof reason !== "string") {
    const { code, check } = reason;
    // The description contains the missing fields, too.
    const { missing: _, ...refusal } = refusalIn(reply.headers) ?? {};
    expect(refusal).toEqual({ code, check, section: sectionOf(code) });
  }
  expect(Object.keys(body)).toEqual(["error", "error_description"]);
  // RFC 6749 section 5.2: printable ASCII without double quote and backslash.
  expect(body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(reply.headers["cache-control"]).toBe("no-store");
}

/** Header and claims of the auth token in an answer that has one. */
export function grantedToken(reply: Reply) {
  expect(reply).toMatchObject({ status: 200, body: { auth_token: expect.any(String) } });
  return readToken(reply.body.auth_token as string);
}
