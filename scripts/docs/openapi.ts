import * as backendApi from "backend-api";
import { type ApiRoute, apiRoutes, authHealthSchema, welcomeSchema } from "backend-api";
import { stringify } from "yaml";
import { z } from "zod";

/** Responses of the backend to a caller without a token. */
const PUBLIC = { "/": welcomeSchema, "/auth/health": authHealthSchema };

const registry = z.registry<{ id: string }>();
for (const [name, value] of Object.entries(backendApi)) {
  if (!(value instanceof z.ZodType)) continue;
  registry.add(value, { id: name[0]!.toUpperCase() + name.slice(1).replace(/Schema$/, "") });
}
const uri = (id: string) => `#/components/schemas/${id}`;

/**
 * `docs/reference/openapi.yaml`, generated from the backend's table of routes and the schemas that
 * it validates with.
 */
export function openApi(): string {
  const paths: Record<string, Record<string, object>> = {};
  for (const [path, answer] of Object.entries(PUBLIC))
    paths[path] = { get: { responses: responses(answer) } };
  for (const route of Object.values<ApiRoute>(apiRoutes))
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  const { schemas } = z.toJSONSchema(registry, { uri });
  const document = {
    openapi: "3.1.1",
    info: {
      title: "Backend",
      version: "1",
      description: "Statuses, flows and limits that a schema cannot express are in endpoints.md.",
    },
    servers: [{ url: "http://localhost:8000" }],
    paths: sorted(paths),
    components: {
      responses: { Refusal: { description: "Refusal", content: content({ $ref: uri("ApiError") }) } },
      securitySchemes: { user: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: sorted(Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]))),
    },
  };
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function operation({ summary, isDemo, body, params, query, answer, isStream }: ApiRoute): object {
  const parameters = [...parametersOf("path", params), ...parametersOf("query", query)];
  return {
    summary,
    ...(isDemo && { description: "Served in demo mode only (AAUTH_BREAK_IT)." }),
    security: [{ user: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: content(bare(z.toJSONSchema(body, { io: "input" }))) },
    }),
    responses: responses(answer, isStream && "text/event-stream"),
  };
}

const responses = (answer: z.ZodType, mediaType?: string) => ({
  200: { description: "Success", content: content(reference(answer), mediaType) },
  default: { $ref: "#/components/responses/Refusal" },
});

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

const content = (schema: object, mediaType = "application/json") => ({ [mediaType]: { schema } });

const bare = ({ $schema: _, $id: _id, id: _name, ...schema }: Record<string, unknown>) => schema;

const sorted = <Value>(values: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
