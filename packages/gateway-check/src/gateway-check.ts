import { AAuthError, AAuthVerificationError, createMemoryStores, type Discovery, type Stores } from "aauth";
import type { ServiceOptions } from "agent-kit/service";
import { PROFILES, type ProfileName } from "agent-kit/settings";
import { recordRefused, recordVerified, traceDiscovery } from "protocol-trace";
import { type CheckMessage, type CheckRequest, readCheckRequest, UnusableCheck } from "./check-request.ts";
import type { CheckConfig } from "./check-settings.ts";
import type { RefusingRoute } from "./checked-profile.ts";
import { CLAIMS_HEADER } from "./claims.ts";
import { type Admission, judgeCheck } from "./judge-check.ts";
import { CHECKED_PROFILES } from "./profiles.ts";
import { refusalOf, routeOf } from "./refusal.ts";
import { createResourceVerifiers, type ResourceVerifiers } from "./resource-verifiers.ts";

/**
 * Two fetches must end before the gateway gives the check up (5 s in agentgateway/*.yaml): then the
 * refusal names the reason.
 */
const DISCOVERY_TIMEOUT_MS = 2_000;

/** External dependencies of a check. */
export interface GatewayCheckDeps {
  readonly logger: ServiceOptions["logger"];
  /** Discovery of each profile's parties. Default: a separate one with short timeouts. */
  readonly discovery?: Partial<Readonly<Record<ProfileName, Discovery>>>;
  /** Unix seconds. Default the system's clock. */
  readonly now?: () => number;
  /** Used nonces and signatures. Default: in memory, for this process only. */
  readonly stores?: Pick<Stores, "claims"> | undefined;
}

/**
 * Answer to a check. The gateway lets the request through on 200 with `x-aauth-claims` and passes
 * any other answer on to the caller.
 */
export interface CheckAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where there is nothing to say. */
  readonly body?: string;
}

/** Judges one check after the other. */
export interface GatewayCheck {
  /**
   * Refuses the request on any error. Writes the verdict into the log and onto the current span.
   */
  answer(check: CheckMessage): Promise<CheckAnswer>;
}

/** Makes the check of a gateway. A gateway may ask several that share `stores`. */
export function createGatewayCheck(config: CheckConfig, deps: GatewayCheckDeps): GatewayCheck {
  const log = deps.logger.child({ logger: "aauth.gateway" });
  for (const profile of Object.values(CHECKED_PROFILES)) profile.warnAtStart?.(log, config);
  const verifiers = verifiersOf(config, deps);
  // A check that cannot be read is answered in the default profile.
  const unread = routeOf([config.profile ?? PROFILES[0]]);
  return {
    async answer(check) {
      let request: CheckRequest | undefined;
      try {
        request = readCheckRequest(check, config.requestFrom, config);
        // A check has no body; `readCheckRequest` marks a request that announces one by this field.
        const hasBody = "transfer-encoding" in request.request.headers;
        return admitted(await judgeCheck(request, verifiers, config), { check, hasBody, log });
      } catch (error) {
        const route = request ? routeOf(request.profiles, request.requiredLevel) : unread;
        return refused(error, { check, route, log });
      }
    },
  };
}

function verifiersOf(config: CheckConfig, deps: GatewayCheckDeps): ResourceVerifiers {
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const discovery = Object.fromEntries(
    PROFILES.map((name) => [
      name,
      traceDiscovery(
        deps.discovery?.[name] ??
          CHECKED_PROFILES[name].createDiscovery(config, { now, timeoutMs: DISCOVERY_TIMEOUT_MS }),
      ),
    ]),
  ) as Record<ProfileName, Discovery>;
  return createResourceVerifiers(config, {
    discovery,
    now,
    stores: deps.stores ?? createMemoryStores({ now }),
  });
}

type Log = Pick<GatewayCheckDeps["logger"], "debug" | "info" | "warn" | "error">;

/** An open path and an unsigned request are not verified, and leave no verdict on the span. */
function admitted(
  { claims, because, verified }: Admission,
  { check, hasBody, log }: { check: CheckMessage; hasBody: boolean; log: Log },
): CheckAnswer {
  if (verified !== undefined) recordVerified(verified, { headers: check.headers });
  if (hasBody && verified?.report.bodyBound === false) {
    const { agent, profile } = verified.caller;
    log.warn({ agent, profile }, "⚠️ The signature does not cover the body");
  }
  log.debug({ because }, "request let through");
  return { status: 200, headers: { [CLAIMS_HEADER]: claims } };
}

function refused(
  cause: unknown,
  options: { check: CheckMessage; route: RefusingRoute; log: Log },
): CheckAnswer {
  const { check, route, log } = options;
  const refusal = refusalOf(cause, route);
  recordRefused(cause, { headers: check.headers }, refusal);
  const { status, headers, body, code, hint } = refusal;
  if (status >= 500) logFailure(cause, { code, status }, log);
  else {
    const report = cause instanceof AAuthVerificationError ? cause.report : undefined;
    const failed = report?.checks.find(({ verdict }) => verdict === "failed");
    const why = { ...(failed && { check: failed.name, reason: failed.reason }), ...(hint && { hint }) };
    log.info({ code, status, ...why }, "request refused");
  }
  return { status, headers, body };
}

/**
 * Logs a failure of this server or of the gateway. An `AAuthError` is no such failure: the caller
 * has used up its quota of the memory.
 */
function logFailure(cause: unknown, fields: { code: string; status: number }, log: Log): void {
  if (cause instanceof AAuthError) log.warn(fields, "request refused");
  else if (cause instanceof UnusableCheck)
    log.error({ ...fields, reason: cause.message }, "a check could not be judged");
  else log.error({ ...fields, err: cause }, "a check could not be judged");
}
