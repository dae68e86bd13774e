/**
 * `npm run test:interop`: our services beside independent peers.
 *
 * @module
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { publishedExtensionForTests } from "./keycloak/start-for-tests.ts";
import { demoForInterop } from "./python-for-interop.ts";
import { runParts } from "./run-parts.ts";
import { prepareAll, type VitestPart } from "./run-vitest.ts";
import { INTEROP_PARTS } from "./test-parts.ts";

const MATRIX = ["--project", "interop", "tests/interop/matrix.test.ts"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    demo: { type: "string" },
    keycloak: { type: "string" },
    gateway: { type: "string" },
    record: { type: "boolean" },
  },
});
await runParts("npm run test:interop", parts(values), positionals);

function parts(flags: typeof values) {
  const { demo, keycloak, gateway, record } = flags;
  const fromHere = (path: string) => resolve(process.env.INIT_CWD || ".", path);
  const env = {
    ...(record && { INTEROP_RECORD: "1" }),
    ...(gateway && { GATEWAY_UNDER_TEST: fromHere(gateway) }),
  };
  const extension = keycloak && publishedExtensionForTests(fromHere(keycloak));
  const withFlags = (part: VitestPart): VitestPart => ({
    ...part,
    ...((demo ?? gateway ?? keycloak) && { tests: MATRIX }),
    env,
    prepare: prepareAll(
      part.prepare!,
      async (ours, log) => (demo === undefined ? {} : demoForInterop(fromHere(demo), ours, log)),
      async (ours, log) => (extension ? extension.prepare(ours, log) : {}),
    ),
    ...(extension && { close: extension.close }),
  });
  const { interop, "interop-keycloak": withKeycloak, ...draft11 } = INTEROP_PARTS;
  return {
    interop: withFlags(interop),
    ...(!keycloak && { "interop-keycloak": withFlags(withKeycloak) }),
    ...(!(demo ?? gateway ?? keycloak) && draft11),
  };
}
