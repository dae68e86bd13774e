import { chmodSync, readdirSync } from "node:fs";
import { runProgram } from "../run-program.ts";

/** Go's releases as modules; from 1.21 on it fetches them itself. */
const TOOLCHAIN_MODULE = "golang.org/toolchain";
/** The release that Jaeger's go.mod names. */
const WANTED = "1.25.4";
/** The first Go that supports `GOTOOLCHAIN`. */
const FETCHES_ITSELF = [1, 21] as const;
const DOWNLOAD_LIMIT_MS = 5 * 60_000;

/** A Go program, and the environment for it. */
export interface GoToolchain {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A Go that is new enough for Jaeger, obtained by any Go with modules, because Debian's may be
 * years old. The Go module proxy provides a newer one and checks its sum.
 *
 * @throws Error with the reason
 */
export async function goToolchain(go: string): Promise<GoToolchain> {
  const { status, output } = await runProgram(go, ["env", "GOVERSION", "GOOS", "GOARCH"], {
    output: "caught",
  });
  const [version, system, architecture] = output.trim().split("\n");
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (status !== 0 || minor === undefined) throw new Error(`${go} does not say its version`);
  const isNewer = Number(major) > FETCHES_ITSELF[0] || Number(minor) >= FETCHES_ITSELF[1];
  // Debian turns that off.
  if (isNewer) return { program: go, env: { GOTOOLCHAIN: "auto" } };

  const name = `${TOOLCHAIN_MODULE}@v0.0.1-go${WANTED}.${system}-${architecture}`;
  const fetched = await runProgram(go, ["mod", "download", "-json", name], {
    output: "caught",
    limitMs: DOWNLOAD_LIMIT_MS,
  });
  const root = /"Dir": "([^"]+)"/.exec(fetched.output)?.[1];
  if (fetched.status !== 0 || root === undefined)
    throw new Error(`Go ${WANTED} could not be fetched with ${version}`);
  // Files of a module cannot be run.
  for (const folder of ["bin", `pkg/tool/${system}_${architecture}`])
    for (const file of readdirSync(`${root}/${folder}`)) chmodSync(`${root}/${folder}/${file}`, 0o555);
  return { program: `${root}/bin/go`, env: { GOTOOLCHAIN: "local", GOROOT: root } };
}
