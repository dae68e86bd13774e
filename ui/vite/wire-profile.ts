import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const NAME = "virtual:wire-profile";
const FILE = fileURLToPath(new URL("../../docs/reference/profile.md", import.meta.url));

/** docs/reference/profile.md as a module, so that the page can show the section that requires a check. */
export function wireProfile(): Plugin {
  return {
    name: "wire-profile",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    async load(id) {
      if (id !== `\0${NAME}`) return undefined;
      this.addWatchFile(FILE);
      return `export default ${JSON.stringify(await readFile(FILE, "utf8"))};`;
    },
  };
}
