import diagnostics from "node:diagnostics_channel";
import { createLogger, loadConfig } from "agent-kit/service";
import * as backendApi from "backend-api";
import type { FastifyInstance, RouteOptions } from "fastify";
import { stringify } from "yaml";
import { z } from "zod";
import { buildBackend } from "../../services/backend/src/app.ts";
import { settings } from "../../services/backend/src/config.ts";

interface RouteSchema {
  readonly body?: z.ZodType;
  readonly params?: z.ZodObject;
  readonly querystring?: z.ZodObject;
  readonly response?: { readonly 200: z.ZodType };
}

const METHODS = ["GET", "POST", "PUT", "DELETE"];

const registry = z.registry<{ id: string }>();
for (const [name, value] of Object.entries(backendApi)) {
  if (!(value instanceof z.ZodType)) continue;
  registry.add(value, { id: name[0]!.toUpperCase() + name.slice(1).replace(/Schema$/, "") });
}
const uri = (id: string) => `#/components/schemas/${id}`;

/** `docs/reference/openapi.yaml`, out of the backend's routes and the schemas that it validates with. */
export async function openApi(): Promise<string> {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, url, schema, config } of await backendRoutes()) {
    if (schema === undefined || !METHODS.includes(String(method))) continue;
    const isForUsers = (config as { access?: string } | undefined)?.access === "user";
    // What is left are the addresses that a browser comes back to.
    if (!isForUsers && schema.response === undefined) continue;
    const path = url.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][String(method).toLowerCase()] = operation(schema as RouteSchema, isForUsers);
  }
  const { schemas } = z.toJSONSchema(registry, { uri });
  const document = {
    openapi: "3.1.1",
    info: { title: "Backend", version: "1", description: "What a schema does not say is in rest.md." },
    servers: [{ url: "http://localhost:8000" }],
    paths: sorted(paths),
    components: {
      responses: { Refusal: { description: "Refusal", content: json({ $ref: uri("ApiError") }) } },
      securitySchemes: { user: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: sorted(Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]))),
    },
  };
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function operation({ body, params, querystring, response }: RouteSchema, isForUsers: boolean): object {
  const parameters = [...parametersOf("path", params), ...parametersOf("query", querystring)];
  return {
    ...(isForUsers && { security: [{ user: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: json(bare(z.toJSONSchema(body, { io: "input" }))) },
    }),
    responses: {
      200: { description: "Success", ...(response && { content: json(reference(response[200])) }) },
      default: { $ref: "#/components/responses/Refusal" },
    },
  };
}

function parametersOf(place: string, schema: z.ZodObject | undefined): object[] {
  return Object.entries(schema?.shape ?? {}).map(([name, member]) => ({
    name,
    in: place,
    required: place === "path",
    schema: bare(z.toJSONSchema(member as z.ZodType, { io: "input" })),
  }));
}

function reference(schema: z.ZodType): object {
  const id = registry.get(schema)?.id;
  if (id === undefined) throw new Error("a reply's schema is not exported by backend-api");
  return { $ref: uri(id) };
}

const json = (schema: object) => ({ "application/json": { schema } });

const bare = ({ $schema: _, $id: _id, id: _name, ...schema }: Record<string, unknown>) => schema;

const sorted = <Value>(values: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));

async function backendRoutes(): Promise<RouteOptions[]> {
  const routes: RouteOptions[] = [];
  const watch = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook("onRoute", (route) => void routes.push(route));
  };
  diagnostics.subscribe("fastify.initialization", watch);
  try {
    const config = loadConfig({ service: "backend", settings, env: { AAUTH_BREAK_IT: "true" }, argv: [] });
    const logger = createLogger({ service: "backend", level: "silent", format: "text" });
    const { app } = await buildBackend(config, { logger });
    await app.ready();
    await app.close();
    return routes;
  } finally {
    diagnostics.unsubscribe("fastify.initialization", watch);
  }
}
