import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { startListening } from "../../services/auth-server/test/support/auth-server.ts";
import { startChild } from "../support/child.ts";
import { programsFolder } from "../support/guide-programs.ts";

/** Documents whose TypeScript blocks are programs, which run unchanged. */
const DOCUMENTS = [
  ...["packages/aauth/README.md", "packages/aauth-explain/README.md", "packages/fastify-aauth/README.md"],
  ...["packages/aauth-stores/README.md", "packages/aauth-a2a/README.md", "packages/mcp-aauth/README.md"],
  ...["README.md", "docs/guide.md", "docs/add-a-profile.md"],
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
