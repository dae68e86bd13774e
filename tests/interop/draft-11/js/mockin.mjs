/**
 * The person server of mockin, which implements an August draft.
 *
 *     node mockin.mjs FOLDER [SETTINGS]
 *
 * FOLDER has it installed. PARTIES in the environment has the origin of each party by its
 * identifier. Prints a line for each request: `{"party", "method", "path", "status", "code"}`.
 */

import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const PS = "https://ps.example";
const [folder, settings = "{}"] = process.argv.slice(2);
const parties = JSON.parse(process.env.PARTIES);

process.env.ISSUER = PS;
const { fetch } = globalThis;
globalThis.fetch = (url, init) => {
  const { origin, pathname, search, host } = new URL(url);
  if (!Object.hasOwn(parties, origin)) throw new TypeError(`no party ${origin}`);
  return fetch(`${parties[origin]}${pathname}${search}`, { ...init, headers: { ...init?.headers, host } });
};

// Its dependencies are beside the link's target; its version is read from the working directory.
const mockin = realpathSync(`${folder}/node_modules/@hellocoop/mockin`);
process.chdir(mockin);
const { resolve } = createRequire(`${mockin}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)));
const { default: fastify } = await load("fastify");
const { default: api } = await load("./src/api.js");
const { setConfig } = await load("./src/aauth/mock.js");
setConfig(JSON.parse(settings));

const server = fastify();
server.addHook("onSend", async ({ method, url }, { statusCode: status }, payload) => {
  const path = url.split("?")[0];
  if (path.startsWith("/.well-known/") || path === "/aauth/jwks.json") return;
  const { error: code, detail } = /^\{/.test(payload) ? JSON.parse(payload) : {};
  console.log(JSON.stringify({ party: PS, method, path, status, code, detail }));
});
api(server);
await server.listen({ host: "127.0.0.1", port: Number(new URL(parties[PS]).port) });
console.log(JSON.stringify({ ready: true }));
