import fastify from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { expect, test } from "vitest";
import { interactionReturn } from "../../src/routes/returns.ts";

const RUN = "6c669c73-8b8b-4b9b-a5ad-e92ce0afc854";
const STATE = "S".repeat(43);

/** Address to which a backend with one run redirects a browser with this query. */
async function back(query: string): Promise<Record<string, string>> {
  const app = fastify().setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler);
  const runs = { cameBack: async (id: string, state: string) => id === RUN && state === STATE };
  await app.register(interactionReturn, { runs, frontendUrl: "http://localhost:3050" });
  const { headers } = await app.inject(`/auth/aauth/return${query}`);
  await app.close();
  return Object.fromEntries(new URL(String(headers.location)).searchParams);
}

test("a browser with the state of the run is redirected to it", async () => {
  const query = `?request_id=${RUN}&state=${STATE}`;
  expect(await back(query)).toEqual({ aauth_authorized: "1", request_id: RUN });
  expect(await back(`${query}&error=access_denied`)).toMatchObject({
    aauth_error: "1",
    error: "access_denied",
    request_id: RUN,
  });
});

test.each([
  ["", {}],
  [`?request_id=${RUN}`, {}],
  [`?request_id=${RUN}&state=${"T".repeat(43)}`, {}],
  [`?request_id=${RUN}&state=${STATE}&state=${STATE}`, {}],
  [`?request_id=a&state=${STATE}&error=<b>`, {}],
  [`?request_id=${RUN}&error=access_denied`, { error: "access_denied" }],
])("a browser without it is led to no run: %j", async (query, said) => {
  const { request_id, aauth_authorized, ...rest } = await back(query);
  expect([request_id, aauth_authorized]).toEqual([undefined, undefined]);
  expect(rest).toMatchObject(said);
});
