import type { ApiRoute } from "backend-api";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { z } from "zod";
import { signedInUser } from "../plugins/user.ts";
import type { User } from "../users/user-token.ts";

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A signed-in user's request, validated against its route's schemas. */
interface UserRequest<Route extends ApiRoute> {
  readonly user: User;
  readonly params: Output<Route extends { params: infer Schema } ? Schema : undefined>;
  readonly query: Output<Route extends { query: infer Schema } ? Schema : undefined>;
  readonly body: Output<Route extends { body: infer Schema } ? Schema : undefined>;
}

/**
 * Registers an API route. Its handler returns the response, or sends a stream through the reply.
 */
export function userRoute<const Route extends ApiRoute>(
  app: FastifyInstance,
  route: Route,
  handler: (
    request: UserRequest<Route>,
    reply: FastifyReply,
  ) => Promise<Route extends { isStream: true } ? FastifyReply : z.input<Route["answer"]>>,
): void {
  const { method, path, params, query, body, answer, isStream, isDemo } = route as ApiRoute;
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
    // hole B8+: { access: "public", ...(isDemo && { hasOwnTrace: isDemo }) }
    config: { access: "user", ...(isDemo && { hasOwnTrace: isDemo }) },
    schema: {
      ...(params && { params }),
      ...(query && { querystring: query }),
      ...(body && { body }),
      ...(isStream === undefined && { response: { 200: answer } }),
    },
    handler: async (request, reply) => {
      const user = signedInUser(request); // hole B8+: request.user!
      const { params, query, body } = request;
      return handler({ user, params, query, body } as UserRequest<Route>, reply);
    },
  });
}
