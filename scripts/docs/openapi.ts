import * as backendApi from "backend-api";
import { type ApiRoute, apiRoutes } from "backend-api";
import { stringify } from "yaml";
import { z } from "zod";

type Route = Omit<ApiRoute, "summary">;

/** What answers without a sign-in. The other public routes are for browsers that come back, and for agents. */
const PUBLIC: readonly Route[] = [
  { method: "GET", path: "/", answer: backendApi.welcomeSchema },
  { method: "GET", path: "/auth/health", answer: backendApi.authHealthSchema },
];

const registry = z.registry<{ id: string }>();
for (const [name, value] of Object.entries(backendApi)) {
  if (!(value instanceof z.ZodType)) continue;
  registry.add(value, { id: name[0]!.toUpperCase() + name.slice(1).replace(/Schema$/, "") });
}
const uri = (id: string) => `#/components/schemas/${id}`;

/** `docs/reference/openapi.yaml`, out of the routes and schemas of `backend-api`. */
export async function openApi(): Promise<string> {
  const paths: Record<string, Record<string, object>> = {};
  const add = (route: Route, security?: object) => {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = { ...security, ...operation(route) };
  };
  for (const route of PUBLIC) add(route);
  for (const route of Object.values(apiRoutes)) add(route, { security: [{ user: [] }] });
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

function operation({ body, params, query, answer, isStream }: Route): object {
  const parameters = [...parametersOf("path", params), ...parametersOf("query", query)];
  return {
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: json(bare(z.toJSONSchema(body, { io: "input" }))) },
    }),
    responses: {
      200: { description: "Success", ...(!isStream && { content: json(reference(answer)) }) },
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
