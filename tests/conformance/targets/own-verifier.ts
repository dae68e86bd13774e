/**
 * Our verifier behind JSON lines: a program that `aauth-conformance verify --exec` starts.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { AAuthVerificationError, createDiscovery } from "aauth";
import { createVerifier, plainRefusal } from "aauth/resource";
import { readRefusal } from "aauth-explain";

interface Line {
  readonly id: string;
  readonly method: string;
  readonly authority: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | null;
  readonly verifier: string;
  readonly endpoint: "resource" | "person-server" | "access-server";
  readonly requires: "agent-token" | "person-token" | "auth-token" | "server";
  readonly scope: string;
  readonly now: number;
  readonly documents: Readonly<Record<string, unknown>>;
  readonly trusted: readonly string[];
}

async function verdictOf(line: Line): Promise<object> {
  const resource = line.verifier;
  const discovery = createDiscovery({
    async transport(url) {
      const document = line.documents[url.href];
      const body = new TextEncoder().encode(JSON.stringify(document ?? null));
      return { status: document === undefined ? 404 : 200, body };
    },
  });
  const verifier = createVerifier({
    authorities: [line.authority],
    audience: resource,
    personServers: line.trusted,
    discovery,
    endpoint: line.endpoint === "resource" ? "resource" : "token",
    now: () => line.now,
  });
  const headers = Object.fromEntries(line.headers);
  const body = line.body === null ? undefined : new TextEncoder().encode(line.body);
  const { requires: level } = line;
  const requirement = level === "auth-token" ? { level, scopes: [line.scope] } : { level };
  try {
    const { method, target, authority } = line;
    await verifier.verifyRequest({ method, target, authority, headers, body }, requirement);
    return { id: line.id, accept: true, body: line.body };
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    const answer = plainRefusal(error, requirement);
    const { signatureError } = readRefusal(answer.headers, answer.body);
    return { id: line.id, accept: false, error: signatureError };
  }
}

for await (const text of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await verdictOf(JSON.parse(text))));
}
