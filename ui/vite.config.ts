import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import manifest from "./package.json" with { type: "json" };
import { compress } from "./vite/compress.ts";
import { guidePage } from "./vite/guide-page.ts";
import { paintFirst } from "./vite/paint-first.ts";
import { readSettings } from "./vite/read-settings.ts";
import { savedRunViewer } from "./vite/saved-run-viewer.ts";
import { serveConfig } from "./vite/serve-config.ts";

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
  // The first that know light-dark(). For older ones the build would write something in its place
  // that shows no colour at all here, since the page's colour scheme is set by Mantine.
  cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
};

// The page shows the section that requires a check.
const profile = `${here}/../docs/february-2026/profile.md`;
const resolve = { alias: { "virtual:wire-profile": `${profile}?raw` } };

/** Packages of the workspace that the page imports. */
const ownPackages = Object.entries(manifest.dependencies)
  .filter(([, version]) => /^(?:workspace|link):/.test(version))
  .map(([name]) => `../packages/${name}/src`);

export default defineConfig(({ command, mode }) => {
  // A build has no settings: they are read when the page is served.
  if (command === "build") {
    return {
      root: here,
      plugins: [react(), savedRunViewer(), guidePage(), paintFirst(), compress()],
      resolve,
      build,
    };
  }

  // The repository's .env serves every service; the environment beats it.
  const settings = readSettings(loadEnv(mode, `${here}/..`, "UI_"));
  return {
    root: here,
    plugins: [react(), savedRunViewer(), guidePage(), serveConfig(settings.browser)],
    resolve,
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
          profile,
        ],
      },
    },
  };
});
