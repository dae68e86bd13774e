import { AAuthError, createDiscovery, type Discovery } from "aauth";
import type { ServiceOptions } from "agent-kit/service";
import { traceDiscovery } from "protocol-trace";
import { type CheckMessage, readCheckRequest, UnusableCheck } from "./check-request.ts";
import type { CheckConfig } from "./check-settings.ts";
import { CLAIMS_HEADER } from "./claims.ts";
import { type Decision, judgeCheck } from "./judge-check.ts";
import { recordDecision } from "./record-decision.ts";
import { refusalOf } from "./refusal.ts";
import { createResourceVerifiers } from "./resource-verifiers.ts";

/** Two fetches must end before the gateway gives the check up (5 s in agentgateway/*.yaml): then the refusal names the reason. */
const DISCOVERY_TIMEOUT_MS = 2_000;

/** What a check needs from outside. */
export interface GatewayCheckDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: one of its own, with short timeouts. */
  readonly discovery?: Discovery;
  /** Unix seconds. Default the system's clock. */
  readonly now?: () => number;
  /** Most used nonces remembered for one resource. Default that of `createMemoryReplayStore`. */
  readonly maxUsedNonces?: number;
}

/** What a check is answered: 200 with `x-aauth-claims` lets the request through, anything else goes to its caller as it is. */
export interface CheckAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where there is nothing to say. */
  readonly body?: string;
}

/** Judges one check after the other. */
export interface GatewayCheck {
  /** What goes wrong is a refusal. Writes the verdict into the log and onto the current span. */
  answer(check: CheckMessage): Promise<CheckAnswer>;
}

/** Makes the check of a gateway. Each has a memory of used nonces of its own, so a gateway should ask one. */
export function createGatewayCheck(config: CheckConfig, deps: GatewayCheckDeps): GatewayCheck {
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const log = deps.logger.child({ logger: "aauth.gateway" });
  const verifiers = createResourceVerifiers({
    resources: config.resources,
    trustedIssuers: [`${config.authServerUrl}/realms/${config.realm}`],
    // A resource whose own identity is http can only be one in development, and so are its peers.
    discovery: traceDiscovery(
      deps.discovery ??
        createDiscovery({
          development: config.resources.every((id) => id.startsWith("http:")),
          now,
          timeoutMs: DISCOVERY_TIMEOUT_MS,
        }),
    ),
    now,
    bodyCoverage: config.bodyCoverage,
    maxUsedNonces: deps.maxUsedNonces,
  });

  /** No caller is at fault here, except for one that has used up its share of the memory: that is no failure of ours to be found. */
  const logFailure = (cause: unknown, fields: { code: string; status: number }) => {
    if (cause instanceof AAuthError) log.warn(fields, "request refused");
    else if (cause instanceof UnusableCheck)
      log.error({ ...fields, reason: cause.message }, "a check could not be judged");
    else log.error({ ...fields, err: cause }, "a check could not be judged");
  };

  const { fields } = verifiers.profile.messages;
  const refused = (cause: unknown): Decision => ({ allowed: false, refusal: refusalOf(cause), cause });
  const judge = async (check: CheckMessage): Promise<Decision> =>
    judgeCheck(readCheckRequest(check, config.requestFrom, fields, config.leastScheme), verifiers);

  return {
    async answer(check) {
      const decision = await judge(check).catch(refused);
      recordDecision(decision, check.headers);
      if (decision.allowed) {
        log.debug({ because: decision.because }, "request let through");
        return { status: 200, headers: { [CLAIMS_HEADER]: decision.claims } };
      }
      const { status, headers, body, code } = decision.refusal;
      if (status >= 500) logFailure(decision.cause, { code, status });
      else {
        const failed = decision.report?.checks.find(({ verdict }) => verdict === "failed");
        log.info(
          { code, status, ...(failed && { check: failed.name, reason: failed.reason }) },
          "request refused",
        );
      }
      return { status, headers, body };
    },
  };
}
