import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const source = join(import.meta.dirname, "../src");

/** Allowed imports by folder of src. Features never import each other. */
const mayImport: Record<string, string[]> = {
  app: ["features/", "auth", "api", "components", "config", "telemetry"],
  "features/": ["auth", "api", "components"],
  auth: ["config", "components"],
  api: ["telemetry"],
  components: [],
  config: [],
  telemetry: [],
};

function folderOf(file: string): string {
  const [first = "", second = ""] = relative(source, file).split("/");
  return first === "features" ? `features/${second}` : first;
}

it("src follows the arrows of the architecture", () => {
  const wrong: string[] = [];
  for (const name of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(name) || /^((traces|compare|why)-)?main\.tsx$/.test(name)) continue;
    const file = join(source, name);
    const from = folderOf(file);
    const allowed = mayImport[from.startsWith("features/") ? "features/" : from];
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?"(\.[^"]+)"/g)) {
      const to = folderOf(join(dirname(file), path));
      const isAllowed =
        to === from ||
        allowed?.some((folder) => to === folder || (folder.endsWith("/") && to.startsWith(folder)));
      if (!isAllowed) wrong.push(`${name} imports ${path}`);
    }
  }
  expect(wrong).toEqual([]);
});
