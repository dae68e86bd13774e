import { AAuthError, createDiscovery, type Discovery } from "aauth";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { traceDiscovery, traceMessages } from "protocol-trace";
import { createService, type ServiceOptions } from "service-kit";
import { CHECK_PATH, readCheckRequest } from "./check-request.ts";
import { CLAIMS_HEADER } from "./claims.ts";
import type { GatewayAuthzConfig } from "./config.ts";
import { type Decision, judgeCheck } from "./judge-check.ts";
import { recordDecision } from "./record-decision.ts";
import { refusalOf } from "./refusal.ts";
import { createResourceVerifiers } from "./resource-verifiers.ts";

/** Two fetches must end before the gateway gives the check up (5 s in agentgateway/*.yaml): then the refusal names the reason. */
const DISCOVERY_TIMEOUT_MS = 2_000;

export interface GatewayAuthzDeps {
  readonly logger: ServiceOptions["logger"];
  readonly discovery?: Discovery;
  /** Unix seconds. Default the system's clock. */
  readonly now?: () => number;
  /** Most used nonces remembered for one resource. Default that of `createMemoryReplayStore`. */
  readonly maxUsedNonces?: number;
}

/** Composition root: `POST /check` for a gateway's external authorization, `GET /health`. */
export async function buildGatewayAuthz(
  config: Pick<GatewayAuthzConfig, "resources" | "authServerUrl" | "realm" | "requestFrom" | "bodyCoverage">,
  deps: GatewayAuthzDeps,
): Promise<{ app: FastifyInstance }> {
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

  const decide = async (request: FastifyRequest): Promise<Decision> => {
    try {
      const { method, url = "", headers } = request.raw;
      return await judgeCheck(
        readCheckRequest({ method: method ?? "", url, headers }, config.requestFrom),
        verifiers,
      );
    } catch (error) {
      return { allowed: false, refusal: refusalOf(error), cause: error };
    }
  };
  /** No caller is at fault here, except for one that has used up its share of the memory: that is no failure of ours to be found. */
  const logFailure = (cause: unknown, fields: { code: string; status: number }) => {
    if (cause instanceof AAuthError) log.warn(fields, "request refused");
    else log.error({ ...fields, err: cause }, "a check could not be judged");
  };
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const decision = await decide(request);
    recordDecision(decision, request.headers);
    if (decision.allowed) {
      log.debug({ because: decision.because }, "request let through");
      return reply.code(200).header(CLAIMS_HEADER, decision.claims).send();
    }
    const { status, headers, body, code } = decision.refusal;
    if (status >= 500) logFailure(decision.cause, { code, status });
    else {
      const failed = decision.report?.checks.find(({ verdict }) => verdict === "failed");
      log.info({ code, status, ...(failed && { check: failed.name }) }, "request refused");
    }
    return reply.code(status).headers(headers).send(body);
  };

  const app = createService({ name: "gateway-authz", logger: deps.logger });
  traceMessages(app);
  for (const url of config.requestFrom === "path" ? [CHECK_PATH, `${CHECK_PATH}/*`] : [CHECK_PATH]) {
    app.route({
      method: app.supportedMethods,
      url,
      // Answered before Fastify looks at the caller's content-type, which comes with an empty body here: its parsers would refuse that
      // with 400 or 415, and the gateway would pass it on as our decision.
      onRequest: answer,
      handler: answer,
    });
  }
  return { app };
}
