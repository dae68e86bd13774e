/** The comparison page, the third entry point of the build. */
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./components/base.css";
import "./app/mantine-styles.ts";
import "./app/app.css";
import { CompareApp } from "./app/compare-app.tsx";
import { cssVariables, theme } from "./app/theme.ts";

const root = document.getElementById("root");
if (!root) throw new Error("compare.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <CompareApp />
    </MantineProvider>
  </StrictMode>,
);
