/** The trace store's page, the second entry point of the build. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./components/base.css";
import { sharedColorScheme } from "./components/color-scheme.ts";
import { TracesApp } from "./features/traces/traces-app.tsx";

document.documentElement.style.colorScheme = sharedColorScheme(document.cookie) ?? "";
const root = document.getElementById("root");
if (!root) throw new Error("traces.html has no #root");
createRoot(root).render(
  <StrictMode>
    <TracesApp />
  </StrictMode>,
);
