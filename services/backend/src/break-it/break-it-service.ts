import { type Credential, decodeToken, type SigningKey } from "aauth";
import type { Transport } from "aauth/agent";
import { readBounded } from "agent-kit/service";
import type { BreakItOffer, BreakItResult, BreakItVariant } from "backend-api";
import { breakItVariantSchema } from "backend-api";
import { LRUCache } from "lru-cache";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import type { Run } from "../runs/run.ts";
import type { Evidence } from "./evidence.ts";
import { expiryOf, type Material, materialOf } from "./material.ts";
import { readRefusal } from "./read-refusal.ts";
import { sendForged } from "./send-forged.ts";
import { type ForgeContext, type ForgedRequest, VARIANTS } from "./variants.ts";

const MAX_ANSWER_BYTES = 65_536;
const MAX_ATTEMPTS_KEPT = 500;
const TIMEOUT_MS = 15_000;
/** Bad gateway, service unavailable, gateway timeout. */
const UNREACHED: ReadonlySet<number> = new Set([502, 503, 504]);

export interface BreakItDeps {
  readonly evidence: Evidence;
  readonly transport: Transport;
  /** The backend's keys, the current one first. */
  readonly keys: () => readonly SigningKey[];
  readonly agentUrl: string;
  readonly otherResourceUrl: string;
  readonly signatureScheme: "hwk" | "jwks";
  /** The backend's identity. */
  readonly id: string;
  /** Unix seconds. */
  readonly now: () => number;
}

/** "Try to break it": sends tampered requests of a run for real. Belongs into a demo, and nowhere else. */
export interface BreakItService {
  /** What can be tried with this run. */
  offers(run: Run): BreakItOffer[];
  /**
   * Sends one.
   *
   * @throws BackendError `conflict` when the run lacks what the variant needs, `too_many` while this user's last attempt is in progress,
   *   `unreachable` with a code when no response comes, or only the gateway's that the receiver cannot be reached
   */
  attempt(run: Run, variant: BreakItVariant): Promise<BreakItResult>;
  /** An attempt with this run: its span, and when it was made (Unix seconds). Undefined when there was none with this trace. */
  attemptOf(run: Run, traceId: string): { readonly spanId: string; readonly at: number } | undefined;
}

export function createBreakItService(deps: BreakItDeps): BreakItService {
  const { evidence, agentUrl, now } = deps;
  const busy = new Set<string>();
  const attempts = new LRUCache<string, { runId: string; spanId: string; at: number }>({
    max: MAX_ATTEMPTS_KEPT,
  });

  function unavailable(variant: BreakItVariant, material: Material | undefined): string | undefined {
    if (material === undefined) {
      return "The requests of this run are no longer in the backend’s memory: start a new one.";
    }
    const { authToken, grant } = material;
    const { needs } = VARIANTS[variant];
    if (needs === "grant") {
      return grant === undefined ? "This run asked no auth server for a token." : undefined;
    }
    if (needs === "authToken" && authToken === undefined) {
      return grant === undefined
        ? "This run needed no auth token."
        : "This run needed an auth token and has not got one.";
    }
    if (authToken !== undefined && expiryOf(authToken) <= now()) {
      return "The auth token of this run has expired, which would be refused first: start a new one.";
    }
    return undefined;
  }

  function contextOf(material: Material): ForgeContext {
    const { authToken } = material;
    const identity: Credential = { scheme: "jwks", id: deps.id };
    const first: Credential = deps.signatureScheme === "hwk" ? { scheme: "hwk" } : identity;
    return {
      material,
      key: keyOf(authToken, deps.keys()),
      credential: authToken === undefined ? first : { scheme: "jwt", jwt: authToken },
      identity,
      otherResource: deps.otherResourceUrl,
      now,
    };
  }

  async function judge(forged: ForgedRequest, variant: BreakItVariant, run: Run): Promise<BreakItResult> {
    const options = { transport: deps.transport, runId: run.id, variant, timeoutMs: TIMEOUT_MS };
    const receiver = receiverOf(forged.url, deps);
    const { response, place } = await sendForged(forged, options).catch((error: unknown) => {
      const code = networkCodeOf(error);
      // Any error but one of the network is a fault of the backend.
      throw code === undefined ? error : unreached(code, forged.url, receiver);
    });
    const { status } = response;
    const refusal = readRefusal(response, await readBounded(response, MAX_ANSWER_BYTES), receiver);
    const { cause = refusal.code, ...shown } = refusal;
    // The gateway has not reached the receiver. A check that names its code has looked, with any status.
    if (UNREACHED.has(status) && refusal.code === undefined)
      throw unreached(`http_${status}`, forged.url, receiver);
    if (place !== undefined) {
      attempts.set(place.traceId, { runId: run.id, spanId: place.spanId, at: now() });
    }
    const refused = (status >= 400 && status < 500) || UNREACHED.has(status);
    return {
      variant,
      refused,
      status,
      // It alone is evidence of the check that the variant is meant for.
      ...(refused && { ...shown, as_meant: cause === VARIANTS[variant].meant }),
      ...(place !== undefined && { trace_id: place.traceId }),
    };
  }

  return {
    offers(run) {
      const material = materialOf(evidence.of(run.id), agentUrl);
      return breakItVariantSchema.options.map((variant) => {
        const reason = unavailable(variant, material);
        return { variant, ...(reason !== undefined && { unavailable: reason }) };
      });
    },

    async attempt(run, variant) {
      const material = materialOf(evidence.of(run.id), agentUrl);
      const reason = unavailable(variant, material);
      if (material === undefined || reason !== undefined)
        throw new BackendError("conflict", reason ?? "Not available");
      if (busy.has(run.userId)) throw new BackendError("too_many", "Your last attempt is still in progress");
      busy.add(run.userId);
      try {
        return await judge(await VARIANTS[variant].forge(contextOf(material)), variant, run);
      } finally {
        busy.delete(run.userId);
      }
    },

    attemptOf(run, traceId) {
      const made = attempts.get(traceId);
      return made?.runId === run.id ? made : undefined;
    },
  };
}

/** The tampered request got no response of its receiver, neither accepted nor refused. */
function unreached(code: string, url: string, receiver: string): BackendError {
  return new BackendError("unreachable", `${noResponse(url, receiver)} (${code}).`, { code });
}

function noResponse(url: string, receiver: string): string {
  return `No response came from ${new URL(url).origin}, where the ${receiver.replace(/-(?=agent$|server$)/, " ")} is reached`;
}

/** The key a token is bound to; without a token, the current one. */
function keyOf(authToken: string | undefined, keys: readonly SigningKey[]): SigningKey {
  const confirmed = authToken === undefined ? undefined : confirmationOf(authToken);
  return keys.find(({ publicJwk }) => publicJwk.x === confirmed) ?? keys[0]!;
}

function confirmationOf(authToken: string): unknown {
  const { cnf } = decodeToken(authToken).claims as { cnf?: { jwk?: { x?: unknown } } };
  return cnf?.jwk?.x;
}

function receiverOf(url: string, { agentUrl, otherResourceUrl }: BreakItDeps): string {
  const { origin } = new URL(url);
  if (origin === new URL(agentUrl).origin) return "supply-chain-agent";
  return origin === new URL(otherResourceUrl).origin ? "market-analysis-agent" : "auth-server";
}
