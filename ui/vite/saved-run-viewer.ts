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

/**
 * Builds the viewer: the page "Why was this refused?" with a place for a run, and without a right
 * to fetch anything. Its first text stays where the script may not run.
 */
export const buildViewer = (): Promise<string> =>
  buildSingleFile({
    entry: "why-main.tsx",
    title: "A run of AAuth",
    body: `<div id="root"><main><h1>A run of AAuth</h1><noscript><p>This page needs JavaScript. It makes no request.</p></noscript>
<p>If this text stays although JavaScript is on, this file was changed: its script is not the one that it was saved with, and does not run.</p></main></div>
<script type="text/plain" id="${DATA_ELEMENT_ID}"></script>`,
    isPacked: true,
  });
