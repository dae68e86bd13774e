/**
 * Values of rules: one listener for each expression, which lets a request through or not. Values
 * and failures as measured on Agentgateway v1.4.1; runs against the embedded gateway, and against
 * Agentgateway with AGENTGATEWAY_BIN set.
 */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeServer, startFakeServer } from "../../../services/gateway/test/support/fake-agent.ts";
import {
  extAuthz,
  type GatewayUnderTest,
  listener,
  startGateway,
} from "../../../services/gateway/test/support/gateway-under-test.ts";
import { send } from "../../../services/gateway/test/support/http-client.ts";

const CLAIMS =
  '{"scheme":"Jwt","agent":"http://a.test","nothing":null,"jwt_claims":{"aud":["x","y"],"scope":"openid a:b",' +
  '"exp":1790000000,"share":1.5,"whole":1.0,"yes":true,"act":{"agent":"http://b.test","act":{"agent":"c"}}}}';
/**
 * A Buffer, because Node encodes the head as UTF-8 for a string body and leaves the bytes unchanged
 * for a Buffer.
 */
const BODY = Buffer.from("{}");
const HEADERS = [
  ["x-twice", "1"],
  ["x-twice", "2"],
  ["x-empty", ""],
  ["cookie", "a=1"],
  ["cookie", "b=2"],
  // The bytes of é, and a byte that is not UTF-8.
  ["x-text", "caf\xc3\xa9"],
  ["x-bytes", "caf\xe9"],
];
const claims = "extauthz.aauth.jwt_claims";

const ALLOWS = [
  `${claims}.scope.contains("a:b")`,
  `"a:b" in ${claims}.scope.split(" ")`,
  `"x" in ${claims}.aud`,
  `${claims}.aud.contains("y")`,
  `${claims}.aud.exists(one, one == "x")`,
  `${claims}.exp == 1790000000`,
  `${claims}.exp > 1789999999.5`,
  `${claims}.exp + 1 == 1790000001`,
  `${claims}.exp in [1, 1790000000]`,
  `${claims}.share == 1.5`,
  `${claims}.whole + 1.0 == 2.0`,
  `${claims}.yes`,
  `${claims}.act.act.agent == "c"`,
  `has(${claims}.act.act)`,
  "has(extauthz.aauth.nothing)",
  `!has(${claims}.act.sub)`,
  `!has(${claims}.scope.x)`,
  "!has(jwt.sub)",
  "jwt == null",
  `${claims}.missing || true`,
  `!(${claims}.missing && false)`,
  '"agent" in extauthz.aauth',
  'request.headers["x-twice"] == "1"',
  'request.headers["x-empty"] == ""',
  'request.headers.cookie == "a=1; b=2"',
  'request.headers["content-length"] == "2"',
  'request.method == "POST" && request.path.endsWith("/") == false',
  'request.uri.startsWith("http://rule-")',
  'request.pathAndQuery.contains("?q=1")',
  'source.address == "127.0.0.1"',
];
const REFUSES = [
  `${claims}.aud == "x"`,
  `${claims}.missing == "x"`,
  `${claims}.missing != "x"`,
  `!${claims}.missing`,
  `!has(${claims}.missing.more)`,
  `${claims}.missing && true`,
  `${claims}.exp + 1.0 > 0.0`,
  `${claims}.exp == "1790000000"`,
  "jwt.sub == null",
  '"true"',
  "1",
  `${claims}.aud[7] != "x"`,
  'request.headers["x-twice"] == "2"',
  'request.headers["x-text"] != ""',
  'request.headers["x-bytes"] != ""',
  'request.headers["host"] != ""',
  'request.headers["x-twice"].size() == 2',
];
const table = [
  ...ALLOWS.map((rule) => ({ rule, status: 200 })),
  ...REFUSES.map((rule) => ({ rule, status: 403 })),
].map((row, index) => ({ ...row, host: `rule-${index}.test` }));

let agent: FakeServer;
let authz: FakeServer;
let gateway: GatewayUnderTest;
beforeAll(async () => {
  agent = await startFakeServer();
  authz = await startFakeServer((_, response) => response.writeHead(200, { "x-claims": CLAIMS }).end());
  const check = extAuthz(authz.address, { metadata: { aauth: 'json(response.headers["x-claims"])' } });
  const listeners = table.map(({ rule, host }) =>
    listener(host, agent.address, { extAuthz: check, authorization: { rules: [rule] } }, host),
  );
  gateway = await startGateway({ binds: [{ listeners }] });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([agent.close(), authz.close()]);
});

test.each(table)("answers $status by the rule $rule", async ({ host, status }) => {
  const headers = HEADERS.flat();
  const answer = await send({
    port: gateway.port,
    host,
    method: "POST",
    path: "/route?q=1",
    headers,
    body: BODY,
  });
  expect(answer.status).toBe(status);
});
