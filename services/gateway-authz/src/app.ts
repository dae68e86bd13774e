import { METHODS } from "node:http";
import { createService } from "agent-kit/service";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  CHECK_PATH,
  type CheckConfig,
  createGatewayCheck,
  type GatewayCheckDeps,
  refusalOf,
  UnusableRequest,
} from "gateway-check";
import { traceMessages } from "protocol-trace";

/** Composition root: `POST /check` for a gateway's external authorization, `GET /health`. */
export async function buildGatewayAuthz(
  config: CheckConfig,
  deps: GatewayCheckDeps,
): Promise<{ app: FastifyInstance }> {
  const check = createGatewayCheck(config, deps);
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { method = "", url = "", headers: given } = request.raw;
    const { status, headers, body } = await check.answer({ method, url, headers: given });
    return reply.code(status).headers(headers).send(body);
  };

  const log = deps.logger.child({ logger: "aauth.gateway" });
  // With request source `path` it is the caller's method, and a request that cannot be judged.
  const tunnel = refusalOf(new UnusableRequest("its method asks for a tunnel"));
  const answerTunnel = () => {
    log.info({ code: tunnel.code, status: tunnel.status }, "request refused");
    return tunnel;
  };
  const app = createService({ name: "gateway-authz", logger: deps.logger, answerTunnel });
  traceMessages(app);
  // With request source `path` the method is the caller's, and Fastify's own list is short. CONNECT
  // never gets as far as here.
  for (const method of METHODS) {
    if (method !== "CONNECT" && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }
  for (const url of config.requestFrom === "path" ? [CHECK_PATH, `${CHECK_PATH}/*`] : [CHECK_PATH]) {
    app.route({
      method: app.supportedMethods,
      url,
      // Answered before Fastify looks at the caller's content-type, which comes with an empty body
      // here: its parsers would refuse that with 400 or 415, and the gateway would pass it on as
      // our decision.
      onRequest: answer,
      handler: answer,
    });
  }
  return { app };
}
