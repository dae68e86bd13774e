import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DATA_ELEMENT_ID } from "aauth-explain";
import { build, type Plugin, type Rolldown } from "vite";

const NAME = "virtual:saved-run-viewer";
const SOURCES = `${import.meta.dirname}/../src/saved-run`;

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
 * Builds the viewer: one page without a request to anywhere. Its policy allows its own script and
 * style, by their hashes, and nothing else: no address, no image, no form, and no script or style
 * that came with the data.
 */
export async function buildViewer(): Promise<string> {
  const script = (await bundle()).replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--").trim();
  const style = readFileSync(`${SOURCES}/viewer.css`, "utf8").trim();
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A run of AAuth</title>
<style>${style}</style>
</head>
<body>
<main id="run"><h1>A run of AAuth</h1><p>This page needs JavaScript. It makes no request.</p></main>
<script type="text/plain" id="${DATA_ELEMENT_ID}"></script>
<script>${script}</script>
</body>
</html>
`;
}

async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    root: `${SOURCES}/..`,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      lib: { entry: `${SOURCES}/main.ts`, formats: ["iife"], name: "run", fileName: "viewer" },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput;
  return output[0].code;
}
