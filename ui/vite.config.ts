import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import { readSettings } from "./vite/read-settings.ts";
import { serveConfig } from "./vite/serve-config.ts";
import { wireProfile } from "./vite/wire-profile.ts";

const here = import.meta.dirname;

// React changes far less often than the page: in a file of its own it stays in the browser's cache.
const reactAlone = { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// };
// With its switch in the same file: a file that both this page and a part loaded later need runs before the page's own, and would
// make its schemas before the switch is set (src/config/zod-without-eval.ts).
const zodWithSwitch = { name: "zod", test: /node_modules\/zod\/|src\/config\/zod-without-eval/ };
const build = {
  rolldownOptions: { output: { codeSplitting: { groups: [reactAlone, zodWithSwitch] } } },
  // The first that know light-dark(). For older ones the build would write something in its place that shows no colour at all here, since
  // the page's colour scheme is set by Mantine.
  cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
};

export default defineConfig(({ command, mode }) => {
  // A build has no settings: they are read when the page is served.
  if (command === "build") return { root: here, plugins: [react(), wireProfile()], build };

  // The repository's .env serves every service; the environment beats it.
  const settings = readSettings(loadEnv(mode, `${here}/..`, "UI_"));
  const server = { host: "127.0.0.1", port: settings.port, strictPort: true, allowedHosts: [".localhost"] };
  return {
    root: here,
    plugins: [react(), wireProfile(), serveConfig(settings.browser)],
    server,
    preview: server,
  };
});
