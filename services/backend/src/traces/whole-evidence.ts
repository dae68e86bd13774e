/**
 * The requests of a run that may leave the backend whole, in the file of a saved run. Anything not
 * known to be harmless is withheld, because files are passed on and cannot be recalled.
 *
 * @module
 */

import type { Discovery } from "aauth";
import { explainMessage, issuersIn, KNOWN_PROFILES, profileOf, signedFields } from "aauth-explain";
import type { RunEvidence } from "backend-api";
import { membersOf, type SentRequest } from "../calls/evidence.ts";

type SavedEvidence = RunEvidence["requests"][number];

/**
 * Fields that the signature of an exported request may cover. They contain no credential or
 * session.
 */
const FIELDS: ReadonlySet<string> = new Set([
  "signature-key",
  "signature-input",
  "signature",
  "content-digest",
  "content-type",
  "nonce",
  "aauth-capabilities",
  "aauth-mission",
]);
/**
 * Members allowed in an exported token request: key-bound tokens and what is requested. No code,
 * refresh token or state.
 */
const MEMBERS: ReadonlySet<string> = new Set([
  "request_type",
  "resource",
  "resource_token",
  "presented_token",
  "upstream_token",
  "subagent_token",
  "scope",
  "redirect_uri",
  "capabilities",
  "mission_s256",
]);

/**
 * Selects the requests that may be exported, each with the keys needed to verify it. A request that
 * does not verify now is omitted, because its keys cannot be found or are no longer published.
 */
export async function wholeEvidence(
  sent: readonly SentRequest[],
  discovery: Discovery,
): Promise<SavedEvidence[]> {
  const found = await Promise.all(sent.filter(mayLeave).map((request) => withKeys(request, discovery)));
  return found.flatMap(({ evidence, verdict }) => (verdict === "refused" ? [] : [evidence]));
}

/**
 * Selects the request of an attack, which need not verify. Undefined if it may not be exported, or
 * if a key needed to judge it cannot be found.
 */
export async function wholeAttack(
  sent: SentRequest,
  discovery: Discovery,
): Promise<SavedEvidence | undefined> {
  if (!mayLeave(sent)) return undefined;
  const { evidence, hasKeys } = await withKeys(sent, discovery);
  return hasKeys ? evidence : undefined;
}

function mayLeave(request: SentRequest): boolean {
  // Queries and paths contain codes and references of pending requests.
  const { search, pathname, username } = new URL(request.url);
  if (search !== "" || username !== "" || /\/(?:pending|requests|returned|revoke)\//.test(pathname))
    return false; // hole R1a
  if (!coveredBy(request).every((name) => name.startsWith("@") || FIELDS.has(name))) return false; // hole R1b
  if (isCall(request)) return true;
  const members = readMembers(request);
  if (members === undefined) return false;
  return Object.keys(members).every((name) => MEMBERS.has(name)); // hole R1c: true
}

/** Whether an agent is called; all else that is signed is a token request. */
const isCall = (request: SentRequest) => readMembers(request)?.jsonrpc === "2.0";

function readMembers(request: SentRequest): Readonly<Record<string, unknown>> | undefined {
  try {
    return membersOf(request);
  } catch {
    return undefined;
  }
}

function coveredBy({ headers }: SentRequest): readonly string[] {
  try {
    return [...signedFields({ headers }, KNOWN_PROFILES)];
  } catch {
    // A file of signed messages to verify has no place for it.
    return ["unreadable"];
  }
}

/** Adds the keys that a verifier requests. */
async function withKeys(
  request: SentRequest,
  discovery: Discovery,
): Promise<{ evidence: SavedEvidence; verdict: string; hasKeys: boolean }> {
  const { method, url, headers, body } = request;
  const { origin } = new URL(url);
  const endpoint = isCall(request) ? "resource" : "token";
  const keys = new Map<string, SavedEvidence["keys"][number]>();
  const keep = (id: string, jwk: object) => keys.set(JSON.stringify([id, jwk]), { id, jwk: { ...jwk } });
  let hasKeys = true;
  const asked = <Found>(looked: Promise<Found>) =>
    looked.catch((error: unknown) => {
      hasKeys = false;
      throw error;
    });
  const profile = profileOf({ headers }, KNOWN_PROFILES);
  const input = profile.messages.parseSignatureInput(headers["signature-input"]!);
  const signed = signedFields({ headers }, KNOWN_PROFILES);
  const kept = Object.entries(headers).filter(([name]) => signed.has(name)); // hole R1d: Object.entries(headers)
  const { verdict } = await explainMessage(
    { method, url, headers: Object.fromEntries(kept), body },
    {
      profiles: [profile],
      endpoint,
      audience: origin,
      now: () => input.created ?? 0,
      issuers: issuersIn(headers),
      discovery: {
        ...discovery,
        async key(kind, id, kid) {
          const found = await asked(discovery.key(kind, id, kid));
          keep(id, found.jwk);
          return found;
        },
        async keys(kind, id) {
          const found = await asked(discovery.keys(kind, id));
          for (const jwk of found.keys) keep(id, jwk);
          return found;
        },
      },
    },
  );
  const evidence: SavedEvidence = {
    method,
    url,
    endpoint,
    headers: Object.fromEntries(kept),
    body: Buffer.from(body).toString("base64"),
    keys: [...keys.values()],
  };
  return { evidence, verdict, hasKeys };
}
