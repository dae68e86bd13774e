/**
 * Revokes tokens at the parties that accept them (draft -11, sections 11.12.1 and 11.12.3).
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

/** Seconds that a party may take to pass a revocation on. */
const HOLD_SECONDS = 20;
/** Parties that a recipient may report to have failed. */
const MAX_REPORTED = 50;

type RevocableParty = PartyDocument & { readonly revocation_endpoint?: string };

/**
 * Revokes an own token at another party, and waits until that is over: its result, then those of
 * the parties that it reports to have failed.
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
 * Failures that a recipient reports of the parties that it has told (section 11.12.3).
 *
 * @throws TypeError for anything else
 */
function reportedFailures(downstream: unknown): readonly DownstreamResult[] {
  if (downstream === undefined) return [];
  if (!Array.isArray(downstream)) throw new TypeError("downstream is not a list");
  const failures = new Map<string, DownstreamResult>();
  for (const { recipient, error } of downstream) {
    if (error === undefined || failures.size === MAX_REPORTED) continue;
    if (!isServerIdentifier(recipient)) throw new TypeError("a recipient is a server identifier");
    failures.set(recipient, {
      recipient,
      error: error === "revocation_unsupported" ? error : "revocation_unavailable",
    });
  }
  return [...failures.values()];
}

/** A token that its issuer takes back, and where. */
export interface SendRevocationOptions {
  /** Server identifier of the issuer: only its own tokens are reached. */
  readonly issuer: string;
  /** As what it signs: `agent` for an agent provider, `resource` for a resource. */
  readonly kind: DocumentKind;
  /** A key that it publishes. */
  readonly key: SigningKey;
  /**
   * Server identifier of the party that receives the revocation, and its role: an agent token goes
   * to its person server, a resource token to its `aud` and its `ps`.
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
 * Revokes a token at another party (draft -11, section 11.12), and waits until that party has
 * passed it on, 20 seconds at most. It may be repeated.
 *
 * Person servers and access servers revoke what they have issued themselves: `revoke` of each.
 *
 * @returns with `error` where that is not confirmed: `revocation_unsupported` for a party that
 * takes none, `revocation_unavailable` for one that did not answer, or has not reached every party
 * downstream
 *
 * @example
 * const own = { issuer: "https://agent.example", kind: "agent", key, discovery } as const;
 * await sendRevocation({ ...own, recipient: ps, recipientKind: "person", jti, exp });
 */
export async function sendRevocation(options: SendRevocationOptions): Promise<DownstreamResult> {
  const { issuer, kind, key, recipient, recipientKind, jti, exp, discovery, transport } = options;
  const { now = () => Math.floor(Date.now() / 1000) } = options;
  const call = createServerCalls({ issuer, kind, key: () => key, transport, now });
  const to = { kind: recipientKind, recipient };
  const [result] = await revokeAt(to, { jti, exp }, { discovery, call });
  return result!;
}

/** Milliseconds; between 50 ms and 5 s. */
function delayMs(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Math.min(5_000, Math.max(50, Number.isNaN(seconds) ? 1_000 : seconds * 1000));
}
