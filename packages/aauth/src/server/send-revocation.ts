/**
 * Client of revocation endpoints (draft -11, sections 11.12.1 and 11.12.3).
 *
 * @module
 */

import type { Discovery, PartyDocument } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import { documents } from "../draft-11/documents.ts";
import { isServerIdentifier } from "../draft-11/identifiers.ts";
import type { DocumentKind } from "../draft-11/names.ts";
import type { SigningKey } from "../types.ts";
import type { ExpiringToken, Recipient } from "./issued-tokens.ts";
import { type CallServer, createServerCalls } from "./server-calls.ts";
import type { DownstreamResult } from "./types.ts";

/** Seconds for which a party may pass a revocation on. */
const HOLD_SECONDS = 20;
/** Maximum failed parties that a recipient may report. */
const MAX_REPORTED = 50;

type RevocableParty = PartyDocument & { readonly revocation_endpoint?: string };

/**
 * Revokes an own token at another party and waits for the outcome. Returns its result, followed by
 * the failures it reports.
 */
export async function revokeAt(
  { kind, recipient }: Recipient,
  { jti, exp }: Pick<ExpiringToken, "jti" | "exp">,
  { discovery, call }: { readonly discovery: Discovery; readonly call: CallServer },
): Promise<readonly DownstreamResult[]> {
  const unavailable = [{ recipient, error: "revocation_unavailable" }] as const;
  const unsupported = [{ recipient, error: "revocation_unsupported" }] as const;
  try {
    const document = await discovery.metadata<RevocableParty>(documents.kinds[kind], recipient);
    const { revocation_endpoint: url } = document;
    if (url === undefined) return unsupported;
    let reply = await call({ method: "POST", url, endpoint: "revocation", body: { jti, exp } });
    const giveUpAt = performance.now() + HOLD_SECONDS * 1000;
    while (reply.status === 202 && performance.now() < giveUpAt) {
      const { location } = reply;
      if (location === undefined) return unavailable;
      await new Promise((resolve) => setTimeout(resolve, delayMs(reply.field("retry-after"))));
      reply = await call({ method: "GET", url: location, endpoint: "pending" });
    }
    if (reply.status === 200 && (reply.isEmpty || reply.members !== undefined)) {
      return [{ recipient }, ...reportedFailures(reply.members?.downstream)];
    }
    return reply.status === 403 && reply.members?.error === "unsupported_iss" ? unsupported : unavailable;
  } catch {
    return unavailable;
  }
}

/**
 * Parses the failures of downstream parties that a recipient reports (section 11.12.3).
 *
 * @throws TypeError for anything else
 */
function reportedFailures(downstream: unknown): readonly DownstreamResult[] {
  if (downstream === undefined) return [];
  if (!Array.isArray(downstream)) throw new TypeError("downstream must be a list");
  const failures = new Map<string, DownstreamResult>();
  for (const { recipient, error } of downstream) {
    if (error === undefined || failures.size === MAX_REPORTED) continue;
    if (!isServerIdentifier(recipient)) throw new TypeError("recipient must be a server identifier");
    failures.set(recipient, {
      recipient,
      error: error === "revocation_unsupported" ? error : "revocation_unavailable",
    });
  }
  return [...failures.values()];
}

/** A revocation to send. */
export interface SendRevocationOptions {
  /** Server identifier of the issuer, which can only revoke its own tokens. */
  readonly issuer: string;
  /** Role in which it signs: `agent` for an agent provider, `resource` for a resource. */
  readonly kind: DocumentKind;
  /** A key that it publishes. */
  readonly key: SigningKey;
  /**
   * Server identifier of the recipient. An agent token is revoked at its person server, a resource
   * token at its `aud` and its `ps`.
   */
  readonly recipient: string;
  readonly recipientKind: DocumentKind;
  /** `jti` of the token. */
  readonly jti: string;
  /** `exp` of the token, Unix seconds. */
  readonly exp: number;
  readonly discovery: Discovery;
  /** Default: to public addresses only. */
  readonly transport?: Transport | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Revokes a token at another party (draft -11, section 11.12), and waits at most 20 seconds until
 * that party has passed it on. Idempotent.
 *
 * Person servers and access servers revoke the tokens they have issued with their own `revoke`.
 *
 * @returns a result with `error` if it is not confirmed: `revocation_unsupported` for a party
 * without revocation, `revocation_unavailable` for one that did not respond, or has not reached all
 * downstream parties
 *
 * @example
 * const own = { issuer: "https://agent.example", kind: "agent", key, discovery } as const;
 * await sendRevocation({ ...own, recipient: ps, recipientKind: "person", jti, exp });
 */
export async function sendRevocation(options: SendRevocationOptions): Promise<DownstreamResult> {
  const { issuer, kind, key, recipient, recipientKind, jti, exp, discovery, transport } = options;
  const { now = () => Math.floor(Date.now() / 1000) } = options;
  const call = createServerCalls({ issuer, kind, key: () => key, discovery, transport, now });
  const to = { kind: recipientKind, recipient };
  const [result] = await revokeAt(to, { jti, exp }, { discovery, call });
  return result!;
}

/** Polling interval in milliseconds, between 50 ms and 5 s. */
function delayMs(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Math.min(5_000, Math.max(50, Number.isNaN(seconds) ? 1_000 : seconds * 1000));
}
