import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";

const SOURCES = `${import.meta.dirname}/../src`;

/**
 * The first browsers that know light-dark(). For older ones the build would write something in its
 * place that shows no colour at all here, since a page's colour scheme is set by its script.
 */
export const CSS_TARGET = ["chrome123", "edge123", "firefox120", "safari17.5"];

/** Contents of a page that is one file. */
interface SingleFile {
  /** Below `src`. */
  readonly entry: string;
  readonly title: string;
  /** Before the script runs, and without JavaScript. */
  readonly body: string;
  /** Addresses that the page may fetch. Default: none. */
  readonly connect?: string;
  /** Whether the script is compressed in the file. Default false. */
  readonly isPacked?: boolean;
}

/**
 * Builds a page as one file, without a request to anywhere. Its policy allows its own scripts and
 * style, by their hashes, and beside `connect` nothing else: no address, no image, no form, and no
 * script or style that came with data.
 */
export async function buildSingleFile({
  entry,
  title,
  body,
  connect,
  isPacked,
}: SingleFile): Promise<string> {
  const { script, style } = await bundle(entry);
  const shown = isPacked ? unpacker(script) : script;
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${[...new Set([shown, script])].map(hash).join(" ")}`,
    `style-src ${hash(style)}`,
    ...(connect ? [`connect-src ${connect}`] : []),
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
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
<script>${shown}</script>
</body>
</html>
`;
}

const TOO_OLD =
  "This browser is too old to open the page: it lacks DecompressionStream. npm run explain does the same in a terminal.";

/** A script that unpacks the page's own, which runs only if its hash is that of the policy. */
const unpacker = (script: string) =>
  `const packed="${gzipSync(script, { level: 9 }).toString("base64")}";` +
  `if(!("DecompressionStream" in globalThis))document.body.textContent="${TOO_OLD}";else{` +
  "const bytes=Uint8Array.from(atob(packed),(c)=>c.charCodeAt(0));" +
  'new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text()' +
  '.then((text)=>{const script=document.createElement("script");script.textContent=text;document.body.append(script)})}';

async function bundle(entry: string): Promise<{ script: string; style: string }> {
  const result = await build({
    configFile: false,
    root: SOURCES,
    logLevel: "error",
    // As for production, also where a test builds it.
    oxc: { jsx: { runtime: "automatic", development: false } },
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      target: "es2022",
      cssTarget: CSS_TARGET,
      lib: { entry: `${SOURCES}/${entry}`, formats: ["iife"], name: "page", fileName: "page" },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput;
  const styles = output.flatMap((file) => (file.type === "asset" ? [String(file.source)] : []));
  return {
    script: output[0].code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--").trim(),
    style: styles.join("").trim(),
  };
}
