/**
 * Download size of this package for a program: one module, minified and compressed with gzip, for a
 * browser. The aims are in docs/decisions/0012-performance-targets.md.
 */

import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/** Growth that needs no new figure. */
const ROOM = 1.05;
const SOURCES = new URL("../src/", import.meta.url).pathname;
const ENTRY = `${SOURCES}program.ts`;

type Dependencies = "bundled" | "external";

interface Bundle {
  readonly kilobytes: number;
  /** Paths of the modules of which something is in it. */
  readonly modules: readonly string[];
}

async function bundled(program: string, dependencies: Dependencies): Promise<Bundle> {
  const build = await rolldown({
    input: ENTRY,
    platform: "browser",
    logLevel: "silent",
    external: dependencies === "external" ? /^[a-z]/ : [],
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? { code: program, moduleType: "ts" as const } : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  expect(output.length).toBe(1);
  const [{ code, modules }] = output;
  return {
    kilobytes: gzipSync(code, { level: 9 }).byteLength / 1_000,
    modules: Object.keys(modules).filter((id) => modules[id]!.renderedLength > 0),
  };
}

const SIGN = 'export { signRequest } from "./index.ts";';
const VERIFY = 'export { createVerifier } from "./resource/index.ts";';
const DISCOVER = 'export { createDiscovery } from "./index.ts";';
const CALL = 'export { createAgent } from "./agent/index.ts";';

const PROGRAMS: readonly [names: string, Dependencies, kilobytes: number, program: string][] = [
  ["signRequest", "bundled", 5.2, SIGN],
  ["createVerifier and signRequest", "external", 22.8, VERIFY + SIGN],
  ["createVerifier, signRequest and createDiscovery", "bundled", 32.9, VERIFY + SIGN + DISCOVER],
  ["createAgent and createDiscovery", "bundled", 45.6, CALL + DISCOVER],
];

test.each(PROGRAMS)("%s, dependencies %s, have at most %d KB", async (_, dependencies, most, program) => {
  const { kilobytes, modules } = await bundled(program, dependencies);
  expect(kilobytes).toBeLessThan(most * ROOM);
  expect(modules.filter((id) => /\/(?:tldts|undici|february-2026)\b/.test(id))).toEqual([]);
});

test("a signer loads neither verifier nor discovery, nor a dependency", async () => {
  const { modules } = await bundled(SIGN, "bundled");
  const others =
    /\/(?:resource|tokens|server|node_modules)\/|draft-11\/(?:callers|answers|calls|token-requests|own-server)/;
  expect(modules.filter((id) => others.test(id))).toEqual([]);
});
