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
  // With request source `path` this is the caller's method, and such a request cannot be judged.
  const tunnel = refusalOf(new UnusableRequest("its method requests a tunnel"));
  const answerTunnel = () => {
    log.info({ code: tunnel.code, status: tunnel.status }, "request refused");
    return tunnel;
  };
  const app = createService({ name: "gateway-authz", logger: deps.logger, answerTunnel });
  traceMessages(app);
  // With request source `path` the method is the caller's, and Fastify's default list is short.
  // CONNECT requests never arrive here.
  for (const method of METHODS) {
    if (method !== "CONNECT" && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }
  for (const url of config.requestFrom === "path" ? [CHECK_PATH, `${CHECK_PATH}/*`] : [CHECK_PATH]) {
    app.route({
      method: app.supportedMethods,
      url,
      // Answers before Fastify reads the caller's content-type, which comes without a body here:
      // its parsers would refuse that with 400 or 415, which the gateway would pass on as our
      // decision.
      onRequest: answer,
      handler: answer,
    });
  }
  return { app };
}
