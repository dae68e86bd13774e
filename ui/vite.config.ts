import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import manifest from "./package.json" with { type: "json" };
import { compress } from "./vite/compress.ts";
import { makeGuide } from "./vite/guide-page.ts";
import { paintFirst } from "./vite/paint-first.ts";
import { readSettings } from "./vite/read-settings.ts";
import { savedRunViewer } from "./vite/saved-run-viewer.ts";
import { serveConfig } from "./vite/serve-config.ts";
import { CSS_TARGET } from "./vite/single-file.ts";
import { wholePages } from "./vite/whole-pages.ts";
import { buildWhyPage } from "./vite/why-page.ts";

const here = import.meta.dirname;

// React changes far less often than the page: in a separate file it stays in the browser's cache.
const reactAlone = { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// };
// With its switch in the same file: a file that both this page and a part loaded later need runs
// before the page's own, and would make its schemas before the switch is set
// (src/config/zod-without-eval.ts).
const zodWithSwitch = { name: "zod", test: /node_modules\/zod\/|src\/config\/zod-without-eval/ };
const build = {
  rolldownOptions: {
    // The page, that of both versions of the protocol, and the trace store's.
    input: [`${here}/index.html`, `${here}/compare.html`, `${here}/traces.html`],
    output: { codeSplitting: { groups: [reactAlone, zodWithSwitch] } },
  },
  cssTarget: CSS_TARGET,
};

const pages = wholePages({ "guide.html": () => makeGuide(), "why.html": buildWhyPage });

/** Packages of the workspace that the page imports. */
const ownPackages = Object.entries(manifest.dependencies)
  .filter(([, version]) => /^(?:workspace|link):/.test(version))
  .map(([name]) => `../packages/${name}/src`);

export default defineConfig(({ command, mode }) => {
  // A build has no settings: they are read when the page is served.
  if (command === "build") {
    return {
      root: here,
      plugins: [react(), savedRunViewer(), pages, paintFirst(), compress()],
      build,
    };
  }

  // The repository's .env serves every service; the environment beats it.
  const settings = readSettings(loadEnv(mode, `${here}/..`, "UI_"));
  return {
    root: here,
    plugins: [react(), savedRunViewer(), pages, serveConfig(settings.browser)],
    server: {
      host: "127.0.0.1",
      port: settings.port,
      strictPort: true,
      // Vite's default answers every page on a *.localhost name.
      cors: false,
      // Vite's default is the whole repository, private keys in .data included.
      fs: {
        allow: [
          "index.html",
          "compare.html",
          "public",
          "src",
          "node_modules/.vite",
          "../node_modules/.pnpm",
          ...ownPackages,
          "../docs/february-2026/profile.md",
        ],
      },
    },
  };
});
