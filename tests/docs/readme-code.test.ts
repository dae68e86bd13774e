import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { localProgram, runProgram } from "../../scripts/run-program.ts";
import { startListening } from "../../services/auth-server/test/support/auth-server.ts";
import { startChild } from "../support/child.ts";
import { programsFolder } from "../support/guide-programs.ts";

/** Documents whose TypeScript blocks are programs, which compile and run unchanged. */
const DOCUMENTS = [
  "packages/aauth/README.md",
  "packages/aauth-explain/README.md",
  "packages/fastify-aauth/README.md",
  "packages/aauth-stores/README.md",
  "packages/aauth-a2a/README.md",
  "packages/mcp-aauth/README.md",
  "README.md",
  "docs/guide.md",
  "docs/add-a-profile.md",
];

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = await programsFolder();
afterAll(() => rm(folder, { recursive: true }));

for (const document of DOCUMENTS) {
  const text = await readFile(root + document, "utf8");
  const programs = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  describe(document, () => {
    test.each(programs.map((program, index) => [index + 1, program] as const))(
      "program %i runs and prints what its comments state",
      async (index, program) => {
        const file = `${folder}/${document.replaceAll("/", "-")}-${index}.ts`;
        await writeFile(file, program);
        // A program that reads AUTH_SERVER gets the embedded one, on a free port.
        const env = { ...process.env };
        if (program.includes("env.AUTH_SERVER")) env.AUTH_SERVER = (await startListening()).issuer;
        const child = startChild(process.execPath, [file], { cwd: folder, timeout: 20_000, env });
        expect((await child.ended).status, child.text()).toBe(0);
        for (const [, printed] of program.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)) {
          expect(child.stdout()).toContain(printed);
        }
      },
    );
  });
}

/** Compiler errors of a block that needs a name or a package that it does not have. */
const INCOMPLETE = /error TS(?:1108|2304|2307|18004):/;

test("every block compiles, unless it lacks a name or a package", async () => {
  // Inside the repository, so that the sources' types are found.
  const types = await mkdtemp(`${root}tests/docs/.run-`);
  try {
    await Promise.all(
      DOCUMENTS.map(async (document) => {
        const text = await readFile(root + document, "utf8");
        const blocks = [...text.matchAll(/```ts(?: ([\w-]+\.ts)| [^\n]*)?\n([\s\S]*?)```/g)];
        for (const [index, [, file, block]] of blocks.entries()) {
          const name = file ?? `${document.replaceAll("/", "-")}-${index + 1}.ts`;
          await writeFile(`${types}/${name}`, `${block}\nexport {};\n`);
        }
      }),
    );
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
    const config = { extends: `${root}tsconfig.base.json`, compilerOptions, include: ["*.ts"] };
    await writeFile(`${types}/tsconfig.json`, JSON.stringify(config));
    const { output } = await runProgram(localProgram("tsc"), ["-p", types], { output: "caught", cwd: types });
    const errors = output.split("\n").filter((line) => /^\S+\.ts\(/.test(line));
    const fileOf = (error: string) => error.slice(0, error.indexOf("("));
    const incomplete = new Set(errors.filter((error) => INCOMPLETE.test(error)).map(fileOf));
    // Without any, the compiler has not read the blocks.
    expect(incomplete.size, output).toBeGreaterThan(0);
    expect(errors.filter((error) => !incomplete.has(fileOf(error)))).toEqual([]);
  } finally {
    await rm(types, { recursive: true });
  }
}, 60_000);
