import { DATA_ELEMENT_ID } from "aauth-explain";
import type { Plugin } from "vite";
import { buildSingleFile } from "./single-file.ts";

const NAME = "virtual:saved-run-viewer";

/**
 * Makes the viewer of saved runs a string that the page can import: a complete page without data.
 */
export function savedRunViewer(): Plugin {
  return {
    name: "saved-run-viewer",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: async (id) =>
      id === `\0${NAME}` ? `export default ${JSON.stringify(await buildViewer())};` : undefined,
  };
}

/** Builds the viewer. */
export const buildViewer = (): Promise<string> =>
  buildSingleFile({
    entry: "saved-run/main.ts",
    title: "A run of AAuth",
    body: `<main id="run"><h1>A run of AAuth</h1><p>This page needs JavaScript. It makes no request.</p></main>
<script type="text/plain" id="${DATA_ELEMENT_ID}"></script>`,
  });
