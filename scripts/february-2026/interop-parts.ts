import { resolve } from "node:path";
import type { InteropFlags } from "../interop-flags.ts";
import { keycloakForTests, publishedExtensionForTests } from "../keycloak/start-for-tests.ts";
import { prepareAll, type VitestPart } from "../run-vitest.ts";
import { demoForInterop, pythonForInterop } from "./python-for-interop.ts";

const ALL = ["--project", "interop"];
const SWAPS = [...ALL, "tests/interop/february-2026/matrix.test.ts"];

/**
 * Our services beside the published demo, its library and Keycloak with its extension.
 *
 * @throws Error for a folder without the published extension
 */
export function interopOfFebruary({ demo, keycloak, gateway }: InteropFlags): readonly VitestPart[] {
  const fromHere = (path: string) => resolve(process.env.INIT_CWD || ".", path);
  const shared = keycloakForTests();
  const isNamed = [demo, keycloak, gateway].some((path) => path !== undefined);
  const extension = keycloak && publishedExtensionForTests(fromHere(keycloak));
  const embedded: VitestPart = {
    tests: isNamed ? SWAPS : ALL,
    ...(gateway && { env: { GATEWAY_UNDER_TEST: fromHere(gateway) } }),
    prepare: prepareAll(
      pythonForInterop,
      async (env, log) => (demo ? demoForInterop(fromHere(demo), env, log) : {}),
      async (env, log) => (extension ? extension.prepare(env, log) : {}),
    ),
    ...(extension && { close: extension.close }),
  };
  const withKeycloak: VitestPart = {
    ...embedded,
    with: "Keycloak",
    tests: SWAPS,
    prepare: prepareAll(embedded.prepare!, shared.prepare),
    close: shared.close,
  };
  return [embedded, ...(keycloak ? [] : [withKeycloak])];
}
